using System.Buffers.Binary;

namespace Sluice.Wal.Tests;

/// <summary>
/// The control file names the record by which a checkpoint ended, and that says where it began: recovery believes neither alone, and goes on from no log that
/// ends before it.
/// </summary>
public sealed class CheckpointRecordTests : IDisposable
{
    private readonly TempFolder _folder = new();

    private string LogFolder => Path.Combine(_folder.Path, "wal");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(20)]
    [InlineData(24)]
    [InlineData(31)]
    public async Task ADamagedRecordIsRefusedWithOneLine(int at)
    {
        await using AioSystem system = PageBank.Start();
        List<string> pages = await MakeAsync(system);
        LogPosition record = new(BinaryPrimitives.ReadUInt64LittleEndian((await LoadControlAsync(system)).AsSpan(8)));
        await RefusedAsync(system, "says that a checkpoint began at", record.Value + (ulong)at);

        // With the byte back everything is there.
        await ExpectAsync(system, pages);
    }

    [Fact]
    public async Task DamageBeforeTheRecordIsNoEndOfTheLog()
    {
        await using AioSystem system = PageBank.Start();
        List<string> pages = await MakeAsync(system);
        LogPosition redo = new(BinaryPrimitives.ReadUInt64LittleEndian(await LoadControlAsync(system)));
        await using WalReader reader = await WalReader.OpenAsync(system, LogFolder, new WalReaderOptions { From = redo });
        Assert.True(await reader.ReadAsync());
        Assert.Equal(PageBank.Kind, reader.Current.Kind);
        await RefusedAsync(system, "before its last checkpoint", reader.Current.EndPosition.Value - 9);
        await ExpectAsync(system, pages);
    }

    [Fact]
    public async Task AControlFileThatSaysSomethingElseThanTheRecordIsRefused()
    {
        await using AioSystem system = PageBank.Start();
        List<string> pages = await MakeAsync(system);
        byte[] control = await LoadControlAsync(system);
        ulong redo = BinaryPrimitives.ReadUInt64LittleEndian(control);
        foreach ((int at, ulong value) in ((int, ulong)[])[(0, redo + 8), (8, redo)])
        {
            byte[] other = [.. control];
            BinaryPrimitives.WriteUInt64LittleEndian(other.AsSpan(at), value);
            await SaveControlAsync(system, other);
            await RefusedAsync(system, "one of them is damaged", damagedAt: null);
        }

        await SaveControlAsync(system, control[..8]);
        await RefusedAsync(system, "instead of 16", damagedAt: null);
        await SaveControlAsync(system, control);
        await ExpectAsync(system, pages);
    }

    // Changes before a checkpoint, between its begin and its end, and behind it.
    private async Task<List<string>> MakeAsync(AioSystem system)
    {
        await using PageBank bank = await PageBank.OpenAsync(system, _folder.Path, buffers: 64, reads: 4);
        await bank.ExtendAsync(0, 3);
        await bank.CheckpointAsync();
        await bank.ChangeAsync(0, [0, 1], 0, [1, 2]);
        LogPosition redo = await bank.Log.BeginCheckpointAsync();
        await bank.ChangeAsync(0, [1, 2], 1, [3, 4]);
        await using (Checkpointer checkpointer = new(bank.Pool, new CheckpointerOptions())) await checkpointer.CheckpointAsync();
        await bank.Log.CompleteCheckpointAsync(redo);
        await bank.Log.FlushAsync(await bank.ChangeAsync(0, [0, 2], 2, [5]));
        return await bank.ShowAsync();
    }

    private async Task RefusedAsync(AioSystem system, string line, ulong? damagedAt)
    {
        if (damagedAt is { } at) Flip(at);
        byte[] state = await File.ReadAllBytesAsync(Path.Combine(LogFolder, "wal.state.0"));
        WalException refusal = await Assert.ThrowsAsync<WalException>(() => PageBank.OpenAsync(system, _folder.Path, buffers: 64, reads: 4));
        Assert.Contains(line, refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refusal.Message);

        // Nothing was begun.
        Assert.Equal(state, await File.ReadAllBytesAsync(Path.Combine(LogFolder, "wal.state.0")));
        if (damagedAt is { } again) Flip(again);
    }

    private async Task ExpectAsync(AioSystem system, List<string> pages)
    {
        await using PageBank bank = await PageBank.OpenAsync(system, _folder.Path, buffers: 64, reads: 4);
        Assert.Equal(pages, await bank.ShowAsync());
    }

    private void Flip(ulong position)
    {
        string path = Path.Combine(LogFolder, SegmentName.Of(1, position >> 20, 1 << 20));
        byte[] content = File.ReadAllBytes(path);
        content[position & ((1 << 20) - 1)] ^= 0x40;
        File.WriteAllBytes(path, content);
    }

    private async Task<byte[]> LoadControlAsync(AioSystem system) => (await Control(system).LoadAsync())!;

    private async Task SaveControlAsync(AioSystem system, byte[] content)
    {
        DurableStateFile file = Control(system);
        await file.LoadAsync();
        await file.SaveAsync(content);
    }

    private DurableStateFile Control(AioSystem system) => new(system, Path.Combine(LogFolder, "wal.control"), copies: 2);
}
