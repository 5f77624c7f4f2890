using System.Diagnostics;

namespace Ledger;

/// <summary>A child, from its start to its death, as its parent sees it.</summary>
internal sealed class ChildRun : IDisposable
{
    // Long: on a machine that is busy with other things a process may take minutes to come up.
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(5);

    private readonly Process _process;
    private readonly Dictionary<ChildMessageKind, TaskCompletionSource> _awaited = [];
    private readonly List<ChildMessage> _messages = [];
    private readonly Task _reading;
    private readonly Task<string> _errors;
    private long _recovering;

    internal ChildRun(IEnumerable<string> arguments)
    {
        foreach (ChildMessageKind kind in Enum.GetValues<ChildMessageKind>()) _awaited[kind] = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

        // This program once more: by its own name, or by that of dotnet and its assembly.
        string program = Environment.ProcessPath!;
        bool isHost = Path.GetFileNameWithoutExtension(program) == "dotnet" || typeof(ChildRun).Assembly != System.Reflection.Assembly.GetEntryAssembly();
        ProcessStartInfo start = new(isHost ? Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet" : program)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (isHost) start.ArgumentList.Add(typeof(ChildRun).Assembly.Location);
        foreach (string argument in arguments.Prepend(CrashChild.Command)) start.ArgumentList.Add(argument);
        _process = Process.Start(start)!;
        _reading = Task.Run(ReadAsync);
        _errors = _process.StandardError.ReadToEndAsync();
    }

    /// <summary>What it said, in order. After <see cref="KillAsync"/>.</summary>
    internal IReadOnlyList<ChildMessage> Messages => _messages;

    /// <summary>How long its recovery took; zero if it did not come to its end. After <see cref="KillAsync"/>.</summary>
    internal TimeSpan RecoveryTime { get; private set; }

    /// <summary>Waits until it says that for the first time; or for the next time, when it is asked again.</summary>
    internal async Task HearAsync(ChildMessageKind kind)
    {
        Task heard;
        lock (_messages) heard = _awaited[kind].Task;
        await Task.WhenAny(heard, _reading).WaitAsync(s_patience);
        lock (_messages)
        {
            if (heard.IsCompleted) _awaited[kind] = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    /// <summary>Kills it, as a kernel out of memory does: nothing of it runs afterwards. Then reads what is left in the pipe.</summary>
    /// <exception cref="LedgerException">When awaited: it had ended by itself.</exception>
    internal async Task KillAsync()
    {
        const int KilledBySignal9 = 128 + 9;
        _process.Kill();
        await _process.WaitForExitAsync();
        await _reading;
        string errors = await _errors;
        if (_process.ExitCode == KilledBySignal9) return;
        throw new LedgerException($"the child ended by itself, with exit code {_process.ExitCode}: {errors.Trim()}");
    }

    public void Dispose()
    {
        if (!_process.HasExited) _process.Kill();
        _process.Dispose();
    }

    private async Task ReadAsync()
    {
        byte[] bytes = new byte[ChildMessage.Bytes];
        Stream pipe = _process.StandardOutput.BaseStream;
        while (await pipe.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false) == bytes.Length) Hear(ChildMessage.Read(bytes));
    }

    private void Hear(ChildMessage message)
    {
        lock (_messages)
        {
            _messages.Add(message);
            if (message.Kind == ChildMessageKind.Recovering) _recovering = Stopwatch.GetTimestamp();
            if (message.Kind == ChildMessageKind.Working && _recovering != 0) RecoveryTime = Stopwatch.GetElapsedTime(_recovering);
            _awaited[message.Kind].TrySetResult();
        }
    }
}
