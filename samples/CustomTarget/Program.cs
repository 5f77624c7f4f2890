// Writes pages with plain asynchronous I/O, then reads them as a target of this program's own, with a callback that checks each page.
// README begin
using Sluice;

string path = Path.Combine(Path.GetTempPath(), $"sluice-{Guid.NewGuid():N}.pages");
byte[][] pages = [.. Enumerable.Range(0, 8).Select(number => Enumerable.Repeat((byte)number, 8192).ToArray())];

// The best io_method that works here: io_uring, worker threads, or plain system calls.
await using AioSystem system = AioSystem.Start();
await using AioFile file = await AioFile.OpenAsync(
    system, path, new IoOpenOptions { Access = IoAccess.ReadWrite, Creation = IoCreation.CreateNew });

// Eight writes in flight together; none of them holds a thread.
await Task.WhenAll(pages.Select((page, number) => file.WriteAsync(page, offsetBytes: number * 8192L).AsTask()));

// A real asynchronous fdatasync: what was written is durable when this completes.
await file.FlushAsync();

byte[] buffer = new byte[8192];
int bytesRead = await file.ReadAsync(buffer, offsetBytes: 3 * 8192L);
Console.WriteLine($"{system.MethodName}: {file.GetLength()} bytes written, {bytesRead} of page {buffer[0]} read");
// README end

// Registers every target and callback of this program. AioSystemOptions.Modules does the same at the start.
CustomTarget.CustomTargetAioModule.Instance.EnsureRegistered();

try
{
    // Page 5 is damaged and page 7 cut off, so that there is something to find.
    await file.WriteAsync(new byte[] { 0xFF }, (5 * 8192) + 100);
    await file.SetLengthAsync((8 * 8192) - 1000);

    // A context is one flow of I/O with handles of its own; an arena has aligned memory that the io_method knows.
    using AioContext context = system.CreateContext("pages");
    using BufferArena arena = system.CreateArena(bufferBytes: 8192, count: 8);
    AioBuffer[] buffers = [.. pages.Select(_ => arena.Rent())];
    AioReturn[] returns = [.. pages.Select((_, number) => new AioReturn(tag: number))];
    using (context.EnterBatch())
    {
        foreach (AioReturn page in returns)
        {
            AioHandle handle = context.Acquire(page);
            handle.SetData([PageChecksum.Compute(pages[page.Tag])]);
            Sluice.Methods.IoVector memory = new(buffers[page.Tag].Address, 8192);
            new PageTarget(page.Tag).StartRead(handle, file.File, page.Tag * 8192L, memory);
        }
    }

    while (context.WaitForAny())
    {
    }

    foreach (AioReturn page in returns) Console.WriteLine($"{page.Target}: {page.Result.Status}, {page.Explain()}");
    foreach (AioBuffer used in buffers) used.Return();
}
finally
{
    File.Delete(path);
}

// What an I/O of this program is about. The generator adds the typed start methods.
[AioTarget("page", CanReopen = false, Callbacks = [typeof(PageChecksum)])]
internal readonly partial struct PageTarget(int number)
{
    private readonly int _number = number;

    private static string Describe(in PageTarget target) => $"page {target._number}";
}

// What happens when a page was read.
[AioCallback("page checksum")]
internal static partial class PageChecksum
{
    internal static uint Compute(ReadOnlySpan<byte> page)
    {
        uint sum = 2166136261;
        foreach (byte value in page) sum = (sum ^ value) * 16777619;
        return sum;
    }

    // On whichever thread reaps the completion. A short read stays partial and a failed one an error: only a whole page has a checksum.
    private static unsafe AioResult CompleteShared(AioHandle handle, AioResult prior, byte data)
    {
        if (prior.Status != AioStatus.Ok) return prior;
        uint found = Compute(new ReadOnlySpan<byte>((void*)handle.Vectors[0].Address, (int)handle.Vectors[0].LengthBytes));
        return found == handle.Data[0] ? prior : prior.JudgedBy(Id, AioStatus.Error, value: 0, detail: found);
    }

    // For whoever looks at the outcome, long after the handle is gone.
    private static string Report(AioResult result, AioTargetData target) => $"its checksum {result.Detail:x8} is wrong: restore {target}";
}
