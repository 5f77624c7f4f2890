using Sluice.Methods.Tests.Support;
using Sluice.Methods.Worker;

namespace Sluice.Methods.Tests.Worker;

/// <summary>Every operation, on real files, with and without the first try in the submitter.</summary>
public class WorkerOperationTests
{
    private const int Block = TestRequests.BufferBytes;

    [Theory]
    [InlineData("true", 1)]
    [InlineData("false", 1)]
    [InlineData("true", 4)]
    [InlineData("false", 4)]
    public void ReadsBringTheContentOfTheFile(string nowait, int pieces)
    {
        using TestFile file = new(blocks: 32);
        using TestRequests requests = new(32);
        using IoMethod method = new WorkerMethodFactory().Create(MethodSettings.With(("nowait_reads", nowait)));
        RecordingSink sink = new(32);
        using IoMethodContext context = MethodSettings.Context(method, sink);
        for (int i = 0; i < 32; i++)
        {
            requests.Set(i, file.File, IoOperation.Read, (long)i * Block, flags: IoRequestFlags.Buffered, pieces: pieces);
        }


        Assert.Equal(32, context.Offer(sink, requests.All));
        sink.WaitForTotal(32);

        for (int i = 0; i < 32; i++)
        {
            Assert.Equal(Block, sink.Last(i).Result);
            Assert.Equal(-1, requests.BufferOf(i).IndexOfAnyExcept((byte)(i + 1)));
        }
    }

    [Fact]
    public void DirectReadsAndWritesWork()
    {
        using TestFile file = new(blocks: 4, direct: true);
        using TestRequests requests = new(2);
        using IoMethod method = new WorkerMethodFactory().Create(MethodSettings.With());
        RecordingSink sink = new(2);
        using IoMethodContext context = MethodSettings.Context(method, sink);
        requests.BufferOf(0).Fill(0xAB);
        requests.Set(0, file.File, IoOperation.Write, Block);
        requests.Set(1, file.File, IoOperation.Read, 2 * Block);

        context.Offer(sink, requests.All);
        sink.WaitForTotal(2);

        Assert.Equal(Block, sink.Last(0).Result);
        Assert.Equal(Block, sink.Last(1).Result);
        Assert.Equal(-1, requests.BufferOf(1).IndexOfAnyExcept((byte)3));
        Assert.Equal(-1, file.Content.AsSpan(Block, Block).IndexOfAnyExcept((byte)0xAB));
    }

    [Theory]
    [InlineData(IoRequestFlags.None)]
    [InlineData(IoRequestFlags.WriteThrough)]
    [InlineData(IoRequestFlags.FlushAfter)]
    public void WritesReachTheFile(IoRequestFlags flags)
    {
        using TestFile file = new(blocks: 4);
        using TestRequests requests = new(1);
        using IoMethod method = new WorkerMethodFactory().Create(MethodSettings.With());
        RecordingSink sink = new(1);
        using IoMethodContext context = MethodSettings.Context(method, sink);
        requests.BufferOf(0).Fill(0xCD);
        requests.Set(0, file.File, IoOperation.Write, 4 * Block, flags: flags | IoRequestFlags.Buffered, pieces: 2);

        context.Offer(sink, requests.All);

        Assert.Equal(Block, sink.WaitFor(0).Result);
        Assert.Equal(5 * Block, file.Content.Length);
        Assert.Equal(-1, file.Content.AsSpan(4 * Block).IndexOfAnyExcept((byte)0xCD));
    }

    [Theory]
    [InlineData(IoOperation.Fsync, 4)]
    [InlineData(IoOperation.Fdatasync, 4)]
    [InlineData(IoOperation.FlushRange, 4)]
    [InlineData(IoOperation.Allocate, 8)]
    public void OperationsWithoutMemoryCompleteWithZero(IoOperation operation, int blocksAfter)
    {
        using TestFile file = new(blocks: 4);
        using TestRequests requests = new(1);
        using IoMethod method = new WorkerMethodFactory().Create(MethodSettings.With());
        RecordingSink sink = new(1);
        using IoMethodContext context = MethodSettings.Context(method, sink);
        requests.Set(0, file.File, operation, 0, 8 * Block);

        context.Offer(sink, requests.All);

        Assert.Equal(new IoCompletion(0, 0), sink.WaitFor(0));
        Assert.Equal(blocksAfter * Block, file.File.GetLength());
    }

    [Fact]
    public void AReadAtTheEndOfTheFileIsShortAndAFailureIsTheSystemsErrno()
    {
        using TestFile file = new(blocks: 1);
        using TestRequests requests = new(3);
        using IoMethod method = new WorkerMethodFactory().Create(MethodSettings.With());
        RecordingSink sink = new(3);
        using IoMethodContext context = MethodSettings.Context(method, sink);
        requests.Set(0, file.File, IoOperation.Read, Block - 17, flags: IoRequestFlags.Buffered);
        requests.Set(1, file.File, IoOperation.Read, 2 * Block, flags: IoRequestFlags.Buffered);
        requests.Set(2, file.File, IoOperation.Read, -2, flags: IoRequestFlags.Buffered);

        context.Offer(sink, requests.All);
        sink.WaitForTotal(3);

        Assert.Equal(17, sink.Last(0).Result);
        Assert.Equal(0, sink.Last(1).Result);
        Assert.Equal(-Errno.EINVAL, sink.Last(2).Result);
    }

    [Fact]
    public void NothingHasToBeExecutedByTheIssuerAndNothingNeedsDriving()
    {
        using TestRequests requests = new(1);
        using ScriptedFile file = new();
        using IoMethod method = new WorkerMethodFactory().Create(MethodSettings.With());
        using IoMethodContext context = MethodSettings.Context(method, new RecordingSink(1));

        Assert.Equal("worker", method.Name);
        Assert.False(method.Capabilities.IsSynchronous);
        Assert.False(method.Capabilities.IsDriven);
        Assert.False(context.NeedsSynchronousExecution(requests.Set(0, file, IoOperation.Fsync)));
    }
}
