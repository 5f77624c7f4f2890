using Sluice.Methods;

namespace Sluice.Tests;

/// <summary>The operating system's files: every way to open one, and the line each mistake gets.</summary>
public sealed unsafe class OsFileSystemTests : IDisposable
{
    private static readonly IoFileSystem s_files = IoFileSystem.OperatingSystem;
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(IoCreation.OpenExisting, true, 3)]
    [InlineData(IoCreation.OpenExisting, false, -Errno.ENOENT)]
    [InlineData(IoCreation.OpenOrCreate, true, 3)]
    [InlineData(IoCreation.OpenOrCreate, false, 0)]
    [InlineData(IoCreation.CreateNew, true, -Errno.EEXIST)]
    [InlineData(IoCreation.CreateNew, false, 0)]
    [InlineData(IoCreation.CreateOrTruncate, true, 0)]
    [InlineData(IoCreation.CreateOrTruncate, false, 0)]
    public void CreationDoesWhatItSays(IoCreation creation, bool exists, int expected)
    {
        string path = exists ? _folder.FileWith([1, 2, 3]) : _folder.File();
        IoOpenOptions options = new() { Access = IoAccess.ReadWrite, Creation = creation };
        if (expected < 0)
        {
            AioException refusal = Assert.Throws<AioException>(() => s_files.Open(path, options));
            Assert.Equal(-expected, refusal.Errno);
            Assert.Contains(path, refusal.Message, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', refusal.Message);
            return;
        }

        using IoFile file = s_files.Open(path, options);
        Assert.Equal(expected, file.GetLength());
    }

    [Fact]
    public void AnExclusiveOpenDoesNotEmptyAFileThatAnotherHolds()
    {
        string path = _folder.FileWith([1, 2, 3]);
        IoOpenOptions exclusive = new() { Access = IoAccess.ReadWrite, Creation = IoCreation.CreateOrTruncate, Exclusive = true };
        using (IoFile first = s_files.Open(path, exclusive with { Creation = IoCreation.OpenExisting }))
        {
            AioException refusal = Assert.Throws<AioException>(() => s_files.Open(path, exclusive));
            Assert.Contains("another open file holds its lock", refusal.Message, StringComparison.Ordinal);
            Assert.Equal(3, first.GetLength());
        }

        using IoFile second = s_files.Open(path, exclusive);
        Assert.Equal(0, second.GetLength());
    }

    [Fact]
    public void ALengthIsNeverSetThroughADescriptorThatWasClosed()
    {
        string first = _folder.FileWith(new byte[10], "first");
        string second = _folder.FileWith(new byte[10], "second");
        IoFile closed = s_files.Open(first, new IoOpenOptions { Access = IoAccess.ReadWrite });
        closed.Dispose();
        using IoFile open = s_files.Open(second, new IoOpenOptions { Access = IoAccess.ReadWrite });
        Assert.Equal(((OsFile)closed).Descriptor, ((OsFile)open).Descriptor);
        _ = Assert.Throws<ObjectDisposedException>(() => closed.SetLength(0));
        _ = Assert.Throws<ObjectDisposedException>(() => closed.GetLength());
        Assert.Equal(10, open.GetLength());
    }

    [Fact]
    public void AnUnnamedFileHasNoNameAndWorks()
    {
        using IoFile file = s_files.Open(_folder.Path, new IoOpenOptions { Access = IoAccess.ReadWrite, Creation = IoCreation.Unnamed });
        Assert.Empty(s_files.List(_folder.Path));
        Assert.Equal(4, Run(file, IoOperation.Write, 0, [1, 2, 3, 4]).Result);
        AioException refusal = Assert.Throws<AioException>(
            () => s_files.Open(_folder.Path, new IoOpenOptions { Creation = IoCreation.Unnamed, Direct = true }));
        Assert.Contains("IoAccess.ReadWrite", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WhereEveryFileHasANameTheUnnamedOneHasItForAMomentOnlyAlsoWhenItCannotBeHad()
    {
        if (!OperatingSystem.IsLinux()) return;
        IoOpenOptions options = new() { Access = IoAccess.ReadWrite, Creation = IoCreation.Unnamed };
        using IoFile file = OsFileSystem.OpenUnnamedByName(_folder.Path, options);
        Assert.Equal(4, Run(file, IoOperation.Write, 0, [1, 2, 3, 4]).Result);
        Assert.Throws<AioException>(() => OsFileSystem.OpenUnnamedByName(_folder.Path, options with { PreallocateBytes = 1L << 62 }));
        Assert.Empty(s_files.List(_folder.Path));

        // Somebody who removes what the dead left may have been quicker.
        Assert.True(OsFileSystem.TryRemoveName(_folder.File("gone"), out _));
        Assert.False(OsFileSystem.TryRemoveName(_folder.Path, out int errno));
        Assert.Equal(Errno.EISDIR, errno);
    }

    [Fact]
    public void AFolderAMissingFolderAndAFileAsFolderAreRefusedInOneLine()
    {
        string file = _folder.FileWith([1]);
        AssertRefused(() => s_files.Open(_folder.Path, new IoOpenOptions()), Errno.EISDIR, "it is a folder");
        AssertRefused(() => s_files.Open(_folder.Path, new IoOpenOptions { Access = IoAccess.Write }), Errno.EISDIR, "it is a folder");
        AssertRefused(() => s_files.Open(_folder.File("no/file"), new IoOpenOptions()), Errno.ENOENT, "no/file");
        AssertRefused(() => s_files.Open(Path.Combine(file, "below"), new IoOpenOptions()), Errno.ENOTDIR, "below");
        AssertRefused(() => s_files.Remove(_folder.File("none")), Errno.ENOENT, "remove");
        AssertRefused(() => s_files.Rename(_folder.File("none"), _folder.File("other")), Errno.ENOENT, "rename");
        AssertRefused(() => s_files.RemoveDirectory(_folder.Path), Errno.ENOTEMPTY, "remove the folder");
        AssertRefused(() => s_files.SyncDirectory(_folder.File("none")), Errno.ENOENT, "sync the folder");
        AssertRefused(() => s_files.List(_folder.File("none")), Errno.ENOENT, "list the folder");
        AssertRefused(
            () => s_files.Open(
                _folder.File("huge"),
                new IoOpenOptions { Access = IoAccess.ReadWrite, Creation = IoCreation.CreateNew, PreallocateBytes = 1L << 62 }),
            null,
            "reserve");
    }

    [Fact]
    public void ADirectFileSaysWhatItNeeds()
    {
        string path = _folder.FileWith(new byte[8192]);
        using IoFile file = s_files.Open(path, new IoOpenOptions { Direct = true });
        Assert.True(file.Capabilities.IsDirect);
        Assert.True(int.IsPow2(file.Capabilities.OffsetAlignmentBytes) && file.Capabilities.OffsetAlignmentBytes is >= 1 and <= 65536);
        Assert.True(int.IsPow2(file.Capabilities.MemoryAlignmentBytes));
    }

    [Fact]
    public void PreallocationIsForWritersAndExtendsTheFile()
    {
        string path = _folder.FileWith([1]);
        using (IoFile reader = s_files.Open(path, new IoOpenOptions { PreallocateBytes = 5000 })) Assert.Equal(1, reader.GetLength());
        using IoFile writer = s_files.Open(path, new IoOpenOptions { Access = IoAccess.ReadWrite, PreallocateBytes = 5000 });
        Assert.Equal(5000, writer.GetLength());
    }

    [Fact]
    public void NamesAreListedRenamedAndRemoved()
    {
        s_files.CreateDirectory(_folder.File("a/b"));
        s_files.CreateDirectory(_folder.File("a/b"));
        _ = _folder.FileWith([1, 2], "a/z");
        _ = _folder.FileWith([1], "a/B");
        Assert.Equal(
            [new IoFileEntry("B", false, 1), new IoFileEntry("b", true, 0), new IoFileEntry("z", false, 2)],
            s_files.List(_folder.File("a")));
        s_files.Rename(_folder.File("a/z"), _folder.File("a/B"));
        s_files.SyncDirectory(_folder.File("a"));
        Assert.Equal(2, new FileInfo(_folder.File("a/B")).Length);
        s_files.Remove(_folder.File("a/B"));
        s_files.RemoveDirectory(_folder.File("a/b"));
        Assert.False(s_files.Exists(_folder.File("a/b")));
        Assert.Equal(_folder.Path, s_files.DirectoryOf(_folder.File()));
    }

    [Fact]
    public void OffsetsBeyondFourGibibytesWork()
    {
        const long Far = (5L << 30) + 123;
        using IoFile file = s_files.Open(
            _folder.File(), new IoOpenOptions { Access = IoAccess.ReadWrite, Creation = IoCreation.CreateNew });
        Assert.Equal(3, Run(file, IoOperation.Write, Far, [7, 8, 9]).Result);
        Assert.Equal(Far + 3, file.GetLength());
        byte[] read = new byte[3];
        Assert.Equal(3, Run(file, IoOperation.Read, Far, read).Result);
        Assert.Equal([7, 8, 9], read);
    }

    [Fact]
    public void ANegativeOffsetIsRefusedBeforeTheSystemTakesItForThePosition()
    {
        using IoFile file = s_files.Open(_folder.FileWith([1, 2, 3]), new IoOpenOptions { Access = IoAccess.ReadWrite });
        Assert.Equal(-Errno.EINVAL, Run(file, IoOperation.Read, -1, new byte[3]).Result);
        Assert.Equal(-Errno.EINVAL, Run(file, IoOperation.Write, -1, new byte[3], IoRequestFlags.WriteThrough).Result);
    }

    [Fact]
    public void OneBadRequestDoesNotEndReadsWithoutBlockingForOthers()
    {
        using IoFile bad = s_files.Open(_folder.FileWith(new byte[100], "bad"), new IoOpenOptions());
        using IoFile good = s_files.Open(_folder.FileWith(new byte[100], "good"), new IoOpenOptions());
        byte[] buffer = new byte[100];
        _ = Run(good, IoOperation.Read, 0, buffer);
        bool before = TryNoWait(good, 0, buffer);
        _ = TryNoWait(bad, -1, buffer);
        ((OsFile)bad).RefusesNoWait = true;
        Assert.False(TryNoWait(bad, 0, buffer));
        Assert.Equal(before, TryNoWait(good, 0, buffer));
    }

    [Fact]
    public void ThePortableWayReadsWritesFlushesAndSetsLengths()
    {
        using IoFile opened = PortableFileSystem.Open(
            _folder.File(), new IoOpenOptions { Access = IoAccess.ReadWrite, Creation = IoCreation.CreateNew, PreallocateBytes = 10 });
        OsFile file = (OsFile)opened;
        PortableExecutor executor = new();
        Assert.Equal(4, Run(file, IoOperation.Write, 6, [1, 2, 3, 4], IoRequestFlags.FlushAfter, executor).Result);
        byte[] read = new byte[8];
        Assert.Equal(4, Run(file, IoOperation.Read, 6, read, IoRequestFlags.None, executor).Result);
        Assert.Equal(0, Run(file, IoOperation.Fdatasync, 0, [], IoRequestFlags.None, executor).Result);
        Assert.Equal(0, Run(file, IoOperation.FlushRange, 0, [], IoRequestFlags.None, executor).Result);
        Assert.Equal(0, executor.SetLength(file, 3));
        Assert.Equal(3, file.GetLength());
        AssertRefused(
            () => PortableFileSystem.Open(_folder.File("new"), new IoOpenOptions { Creation = IoCreation.CreateNew }),
            Errno.EINVAL,
            "open");
        AssertRefused(() => PortableFileSystem.Open(_folder.File(), new IoOpenOptions { Direct = true }), Errno.EOPNOTSUPP, "Linux only");
        file.Dispose();
        Assert.Equal(-Errno.EBADF, Run(file, IoOperation.Read, 0, read, IoRequestFlags.None, executor).Result);
    }

    private static bool TryNoWait(IoFile file, long offset, byte[] buffer)
    {
        fixed (byte* memory = buffer)
        {
            IoVector vector = new(memory, buffer.Length);
            return file.TryExecuteWithoutBlocking(Request(file, IoOperation.Read, offset, &vector, IoRequestFlags.Buffered), out _);
        }
    }

    private static IoOutcome Run(
        IoFile file,
        IoOperation operation,
        long offset,
        byte[] buffer,
        IoRequestFlags flags = IoRequestFlags.None,
        OsExecutor? executor = null)
    {
        fixed (byte* memory = buffer)
        {
            IoVector vector = new(memory, buffer.Length);
            IoRequest request = Request(file, operation, offset, &vector, flags);
            return executor is null ? file.Execute(request) : executor.Execute((OsFile)file, request);
        }
    }

    private static IoRequest Request(IoFile file, IoOperation operation, long offset, IoVector* vector, IoRequestFlags flags) =>
        new(0, vector)
        {
            File = file,
            Operation = operation,
            OffsetBytes = offset,
            LengthBytes = (long)vector->LengthBytes,
            VectorCount = 1,
            Flags = flags,
        };

    private static void AssertRefused(Action action, int? errno, string part)
    {
        AioException refusal = Assert.Throws<AioException>(action);
        if (errno is not null) Assert.Equal(errno, refusal.Errno);
        Assert.Contains(part, refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refusal.Message);
    }
}
