using System.Buffers.Binary;

namespace Sluice.Wal.Tests;

/// <summary>Replay through the registry: each kind by its own method, unknown kinds refused.</summary>
public sealed class RedoTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task EachKindIsReplayedByItsOwnMethod()
    {
        LogRecordRegistry registry = new();
        SluiceWalTestsLogRecords.AddTo(registry);
        SluiceWalTestsLogRecords.AddTo(registry);
        Assert.Equal(
            [(1, "deposit"), (2, "double"), (0x8010, "set byte"), (0x8011, "add byte")],
            registry.Kinds.Select(static kind => ((int)kind.Key, kind.Value)));
        await using AioSystem system = TestLog.Start("sync");
        await using (WriteAheadLog log = await WriteAheadLog.OpenAsync(system, _folder.Log, TestLog.Small))
        {
            byte[] body = new byte[4];
            for (int amount = 1; amount <= 4; amount++)
            {
                BinaryPrimitives.WriteInt32LittleEndian(body, amount);
                log.Append(Deposit.Kind, body);
            }

            log.Append(Double.Kind, default);
        }

        Account account = new();
        await using WriteAheadLog again = await WriteAheadLog.OpenAsync(
            system, _folder.Log, TestLog.Small, new WalReplay { Redo = registry.Into(account) });
        Assert.Equal(20, account.Balance);
        await again.DisposeAsync();
        (LogRecord record, _) = (await TestLog.ReadAllAsync(system, _folder.Log))[0];
        Assert.Equal("deposit", registry.NameOf(record));
        Assert.Equal("4 bytes", registry.Describe(record));
    }

    [Fact]
    public async Task AnUnknownKindEndsReplayWithWhatToDo()
    {
        await using AioSystem system = TestLog.Start("sync");
        await using (WriteAheadLog log = await WriteAheadLog.OpenAsync(system, _folder.Log, TestLog.Small)) log.Append(0x77, default);
        WalReplay replay = new() { Redo = new LogRecordRegistry().Into(new Account()) };
        WalException exception = await Assert.ThrowsAsync<WalException>(
            () => WriteAheadLog.OpenAsync(system, _folder.Log, TestLog.Small, replay));
        Assert.Contains("kind 0077", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TwoKindsOfOneNumberAreRefused()
    {
        LogRecordRegistry registry = new();
        registry.Add<Deposit.LogDispatch>();
        Assert.Throws<InvalidOperationException>(() => registry.Add<Other>());
    }

    internal sealed class Account
    {
        internal int Balance { get; set; }
    }

    private readonly struct Other : ILogRecordDispatch
    {
        public static ushort RecordKind => 1;

        public static string RecordName => "other";

        public static ValueTask Redo(LogRecord record, object state) => default;

        public static string Describe(LogRecord record) => "";
    }
}

[LogRecord(1, "deposit")]
internal static partial class Deposit
{
    private static void Redo(in LogRecord record, RedoTests.Account account) =>
        account.Balance += BinaryPrimitives.ReadInt32LittleEndian(record.Body.Span);

    private static string Describe(in LogRecord record) => $"{record.Body.Length} bytes";
}

[LogRecord(2, "double")]
internal static partial class Double
{
    private static async ValueTask RedoAsync(LogRecord record, RedoTests.Account account)
    {
        await Task.Yield();
        account.Balance *= 2;
    }
}
