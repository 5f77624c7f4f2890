namespace Sluice.Wal.Tests;

/// <summary>Replay of pages through the registry: each kind by its own method, unknown kinds refused.</summary>
public sealed class PageRedoTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task EachKindOfPageRecordIsReplayedByItsOwnMethod()
    {
        await using AioSystem system = PageBank.Start("sync");
        await CrashAsync(system, SetByte.Kind, AddByte.Kind);
        LogRecordRegistry registry = new();
        SluiceWalTestsLogRecords.AddTo(registry);
        await using PageBank bank = await PageBank.OpenAsync(system, _folder.Path, 16, 32, registry.RedoPage);
        using BufferPin pin = await bank.Session.ReadAsync(bank.Open(0), RelationFork.Main, 0);
        Assert.Equal(9, pin.Page[100]);
    }

    [Fact]
    public async Task AnUnknownKindOfPageRecordEndsReplayWithWhatToDo()
    {
        await using AioSystem system = PageBank.Start("sync");
        await CrashAsync(system, 0x8777, AddByte.Kind);
        LogRecordRegistry registry = new();
        SluiceWalTestsLogRecords.AddTo(registry);
        WalException exception = await Assert.ThrowsAsync<WalException>(
            () => PageBank.OpenAsync(system, _folder.Path, 16, 32, registry.RedoPage));
        Assert.Contains("kind 8777", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AKindIsReplayedInItsOwnWayOnly()
    {
        LogRecordRegistry registry = new();
        SluiceWalTestsLogRecords.AddTo(registry);
        Assert.Contains(
            "no RedoPage", Assert.Throws<WalException>(() => registry.RedoPage(Deposit.Kind, 0, default, default)).Message,
            StringComparison.Ordinal);
        LogRecord record = new(8, 16, 0, SetByte.Kind, 1, 1, default);
        Assert.Contains(
            "about pages", Assert.Throws<WalException>(() => { _ = registry.RedoAsync(record, this); }).Message, StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(registry.AddPages<TooLow>);
    }

    private async Task CrashAsync(AioSystem system, ushort first, ushort second)
    {
        await using PageBank bank = await PageBank.OpenAsync(system, _folder.Path, 16, 32);
        await bank.ExtendAsync(0, 1);
        using BufferPin pin = await bank.Session.ReadAsync(bank.Open(0), RelationFork.Main, 0);
        await pin.LockAsync(ContentLockMode.Exclusive);
        await bank.Log.AddAsync(first, new[] { pin }, new byte[] { 4 });
        LogPosition end = await bank.Log.AddAsync(second, new[] { pin }, new byte[] { 5 });
        pin.Unlock(ContentLockMode.Exclusive);
        await bank.Log.FlushAsync(end);
    }

    private readonly struct TooLow : IPageRecordDispatch
    {
        public static ushort RecordKind => 3;

        public static string RecordName => "low";

        public static void Redo(int index, Span<byte> page, ReadOnlySpan<byte> payload)
        {
        }

        public static string Describe(LogRecord record) => "";
    }
}

[LogRecord(0x8010, "set byte")]
internal static partial class SetByte
{
    private static void RedoPage(int index, Span<byte> page, ReadOnlySpan<byte> payload) => page[100] = payload[0];
}

[LogRecord(0x8011, "add byte")]
internal static partial class AddByte
{
    private static void RedoPage(int index, Span<byte> page, ReadOnlySpan<byte> payload) => page[100] += payload[0];
}
