// Ledger: a small engine that survives being killed. README.md in this folder is a tour; begin reading in Engine/LedgerEngine.cs.
using Ledger;
using Sluice.Methods;

Dictionary<string, string[]> commands = new()
{
    ["run"] = ["clients", "seconds", "accounts", "dir", "method", "sync-form"],
    ["crash-test"] = ["rounds", "seed", "clients", "accounts", "dir", "method", "sync-form", "mistake"],
    ["check"] = ["dir", "method", "sync-form"],
    [CrashChild.Command] = ["dir", "seed", "clients", "accounts", "burst", "method", "sync-form", "mistake"],
};

using CancellationTokenSource stopping = new();
Console.CancelKeyPress += (_, pressed) =>
{
    pressed.Cancel = true;
    stopping.Cancel();
};

try
{
    CommandLine line = new(args, commands);
    return line.Command switch
    {
        "run" => await RunCommand.RunAsync(line, stopping.Token),
        "crash-test" => await CrashTest.RunAsync(line, stopping.Token),
        "check" => await CheckCommand.RunAsync(line),
        _ => await CrashChild.RunAsync(line, stopping.Token),
    };
}
catch (OperationCanceledException) when (stopping.IsCancellationRequested)
{
    Console.Error.WriteLine("Stopped.");
    return 1;
}
catch (Exception exception)
    when (exception is LedgerException or IOException or StorageException or IoMethodException or UnauthorizedAccessException)
{
    // AioException and WalException are IOExceptions.
    Console.Error.WriteLine($"ledger: {exception.Message}");
    return (exception as LedgerException)?.ExitCode ?? 1;
}
