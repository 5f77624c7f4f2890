using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Threading.Channels;

namespace Ledger;

/// <summary>A child, from its start to its death, as its parent sees it.</summary>
internal sealed class ChildRun : IDisposable
{
    // Long: on a machine that is busy with other things a process may take minutes to come up.
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(5);

    private readonly Process _process;
    private readonly Action<ChildMessage> _hear;
    private readonly Channel<ChildMessage> _messages = Channel.CreateUnbounded<ChildMessage>();
    private readonly Task _reading;
    private readonly Task<string> _errors;

    /// <summary>Starts it.</summary>
    /// <param name="arguments">Its options.</param>
    /// <param name="hear">Gets everything that it says, in order.</param>
    internal ChildRun(IEnumerable<string> arguments, Action<ChildMessage> hear)
    {
        // This program once more: by its own name, or by that of dotnet and its assembly.
        string program = Environment.ProcessPath!;
        bool isEntry = typeof(ChildRun).Assembly == System.Reflection.Assembly.GetEntryAssembly();
        bool isHost = Path.GetFileNameWithoutExtension(program) == "dotnet" || !isEntry;
        ProcessStartInfo start = new(isHost ? Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet" : program)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (isHost) start.ArgumentList.Add(typeof(ChildRun).Assembly.Location);
        foreach (string argument in arguments.Prepend(CrashChild.Command)) start.ArgumentList.Add(argument);
        _hear = hear;
        _process = Process.Start(start)!;
        _reading = Task.Run(ReadAsync);
        _errors = _process.StandardError.ReadToEndAsync();
    }

    /// <summary>Waits until it says that the next time, or has ended.</summary>
    /// <exception cref="LedgerException">When awaited: it says nothing for minutes.</exception>
    internal async Task HearAsync(ChildMessageKind? kind)
    {
        using CancellationTokenSource patience = new(s_patience);
        try
        {
            await foreach (ChildMessage message in _messages.Reader.ReadAllAsync(patience.Token))
            {
                _hear(message);
                if (message.Kind == kind) return;
            }
        }
        catch (OperationCanceledException)
        {
            throw new LedgerException($"the child did not say {kind} within {s_patience.TotalMinutes} minutes");
        }
    }

    /// <summary>Kills it, as a kernel out of memory does: nothing of it runs afterwards. Then hears what is left in the pipe.</summary>
    /// <exception cref="LedgerException">When awaited: it had ended by itself.</exception>
    internal async Task KillAsync()
    {
        const int KilledBySignal9 = 128 + 9;
        _process.Kill();
        await _process.WaitForExitAsync();
        await _reading;
        string errors = await _errors;
        if (_process.ExitCode != KilledBySignal9)
        {
            throw new LedgerException($"the child ended by itself, with exit code {_process.ExitCode}: {errors.Trim()}");
        }

        await HearAsync(null);
    }

    public void Dispose()
    {
        if (!_process.HasExited) _process.Kill();
        _process.Dispose();
    }

    // All the time: a pipe that is full would stop the child.
    private async Task ReadAsync()
    {
        byte[] bytes = new byte[ChildMessage.Bytes];
        Stream pipe = _process.StandardOutput.BaseStream;
        while (await pipe.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false) == bytes.Length)
        {
            _messages.Writer.TryWrite(MemoryMarshal.Read<ChildMessage>(bytes));
        }

        _messages.Writer.Complete();
    }
}
