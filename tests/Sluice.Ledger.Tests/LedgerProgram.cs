using Sluice.Tests.Shared;

namespace Sluice.Ledger.Tests;

/// <summary>The sample as a program, and a folder that goes with the test.</summary>
public abstract class LedgerProgram : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("sluice-ledger-tests-").FullName;

    /// <summary>Where a test's ledger stands.</summary>
    protected string Folder => Path.Combine(_root, "data");

    public void Dispose()
    {
        Directory.Delete(_root, recursive: true);
        GC.SuppressFinalize(this);
    }

    private protected Task<ChildProcess> RunAsync(params IEnumerable<string> arguments)
    {
        string assembly = Repository.PathOf("samples", "Ledger", "bin", Repository.Configuration, "net10.0", "Ledger.dll");
        Dictionary<string, string> environment = new() { ["TMPDIR"] = _root, ["TEMP"] = _root, ["TMP"] = _root };
        return ChildProcess.RunDotnetAsync(_root, environment, arguments.Prepend(assembly));
    }

    /// <summary>Opens the ledger of the test in this process, making a small one if there is none.</summary>
    private protected Task<LedgerEngine> OpenAsync(AioSystem system) => LedgerEngine.OpenAsync(system, Folder, new LedgerOptions
    {
        NewShape = new LedgerShape(Accounts: 5000, Seed: 7),
        BufferCount = 256,
        Log = new Wal.WalOptions { SegmentBytes = 1 << 20, RingBytes = 256 << 10, SyncForm = Wal.WalSyncForm.Fdatasync },
    });

    private protected static AioSystem StartSystem() => AioSystem.Start(new AioSystemOptions { Method = "sync" });
}
