using Microsoft.Extensions.Logging;
using Sluice.Hosting.Tests.Support;
using Sluice.Methods;

namespace Sluice.Hosting.Tests;

/// <summary>Stopping the host waits for what is in flight as long as it is given, and says what it left.</summary>
public sealed class ShutdownTests
{
    private static readonly TimeSpan s_watchdog = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task StoppingWaitsForWhatIsInFlight()
    {
        await using TestHost host = await TestHost.StartScriptedAsync();
        using TestFile path = new();
        AioFile file = await AioFile.OpenAsync(host.System, path.Path);
        host.Script.Stalls = true;
        byte[] bytes = new byte[8192];
        Task<int> read = file.ReadAsync(bytes, 0).AsTask();
        await host.Script.FirstHeld.WaitAsync(s_watchdog);

        Task stop = host.StopAsync();
        Assert.False(stop.IsCompleted);
        host.Script.Release();
        Assert.Equal(8192, await read.WaitAsync(s_watchdog));
        await stop.WaitAsync(s_watchdog);
        Assert.Equal(6, host.Log.Lines[^1].Id.Id);
        Assert.Throws<ObjectDisposedException>(() => host.System.CreateContext());
        await file.DisposeAsync();
    }

    [Fact]
    public async Task WhatIsStillInFlightWhenTheTimeIsUpIsReported()
    {
        await using TestHost host = await TestHost.StartScriptedAsync();
        using TestFile path = new();
        AioFile file = await AioFile.OpenAsync(host.System, path.Path);
        host.Script.Stalls = true;
        Task<int> read = file.ReadAsync(new byte[4096], 4096).AsTask();
        await host.Script.FirstHeld.WaitAsync(s_watchdog);

        using CancellationTokenSource timeIsUp = new();
        Task stop = host.StopAsync(timeIsUp.Token);
        await timeIsUp.CancelAsync();
        await stop.WaitAsync(s_watchdog);
        (LogLevel level, _, string text) = Assert.Single(host.Log.Lines, static line => line.Id.Id == 7);
        Assert.Equal(LogLevel.Warning, level);
        Assert.Contains(
            $"with 1 I/Os in flight: read 4096 bytes at offset 4096 of {path.Path} (Submitted, context shared-",
            text,
            StringComparison.Ordinal);

        host.Script.Release();
        Assert.Equal(4096, await read.WaitAsync(s_watchdog));
        await file.DisposeAsync();
    }

    [Fact]
    public async Task WhatNobodySubmittedIsSubmittedAndWaitedFor()
    {
        await using TestHost host = await TestHost.StartScriptedAsync();
        using TestFile path = new();
        AioSystem system = host.System;
        AioContext context = system.CreateContext("forgetful");
        BufferArena arena = system.CreateArena(4096, 1, register: false);
        AioBuffer buffer = arena.Rent();
        using IoFile file = system.FileSystem.Open(path.Path, new IoOpenOptions());
        context.EnterBatch();
        AioHandle handle = context.Acquire();
        WaitReference reference = handle.Reference;
        handle.SetVector(new IoVector(buffer.Address, 4096));
        handle.StartRead(file, 0);
        Assert.Equal(AioHandleState.Staged, Assert.Single(system.Snapshot()).State);

        await system.DrainAsync().WaitAsync(s_watchdog);
        Assert.True(reference.IsDone);
        Assert.Equal(7, buffer.Span[4095]);
        await host.StopAsync().WaitAsync(s_watchdog);
    }

    [Fact]
    public async Task AHostThatNeverStartedStopsToo()
    {
        await using TestHost host = new([("Sluice:Method", "nothing")]);
        await Assert.ThrowsAsync<IoMethodException>(host.StartAsync);
        await host.StopAsync().WaitAsync(s_watchdog);
        Assert.Empty(host.Log.Lines);
    }
}
