namespace Sluice.Methods.IoUring.Tests;

/// <summary>The method says whether it works here, and refuses what it does not understand with a line for people.</summary>
public sealed class FactoryTests
{
    [Fact]
    public void ItIsAvailableHere() => Assert.Null(new IoUringMethodFactory().Probe(Bench.SettingsOf([])).Reason);

    [Theory]
    [InlineData("min_workers", "3", "Setting 'min_workers' is not known. Known: coop_taskrun,")]
    [InlineData("registered_files", "-1", "give a whole number from 0 to 32768")]
    [InlineData("coop_taskrun", "maybe", "give true or false")]
    public void ABadSettingIsRefused(string name, string value, string message)
    {
        IoMethodSettings settings = Bench.SettingsOf([(name, value)]);
        IoMethodException exception = Assert.Throws<IoMethodException>(() => new IoUringMethodFactory().Create(settings));
        Assert.Contains(message, exception.Message, StringComparison.Ordinal);
        Assert.Contains(message, new IoUringMethodFactory().Probe(settings).Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Errno.EPERM, "EPERM")]
    [InlineData(Errno.ENOSYS, "Linux 5.11")]
    [InlineData(Errno.ENOMEM, "ulimit -l")]
    [InlineData(Errno.EMFILE, "ulimit -n")]
    [InlineData(Errno.ENFILE, "fs.file-max")]
    [InlineData(Errno.EIO, "EIO")]
    public void ARefusalIsOneLineWithACure(int errno, string part)
    {
        string line = Availability.Explain(new RingException("io_uring_setup", errno));
        Assert.Contains(part, line, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', line);
        Assert.EndsWith(".", line, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("2", "kernel.io_uring_disabled is 2")]
    [InlineData("1", "kernel.io_uring_group")]
    [InlineData("0", "seccomp")]
    [InlineData(null, "seccomp")]
    public void ARefusedPermissionNamesItsSwitch(string? sysctl, string part) =>
        Assert.Contains(part, Availability.ExplainPermission(sysctl), StringComparison.Ordinal);

    [Fact]
    public void TooManyHandlesAreRefusedWithTheLimit()
    {
        using IoMethod method = new IoUringMethodFactory().Create(Bench.SettingsOf([]));
        IoMethodException exception = Assert.Throws<IoMethodException>(
            () => method.CreateContext(new IoMethodContextOptions(0, 20_000, 1, new RecordingSink())));
        Assert.Contains("16383", exception.Message, StringComparison.Ordinal);
        using IoMethodContext largest = method.CreateContext(new IoMethodContextOptions(0, 16_383, 1, new RecordingSink()));
    }

    [Fact]
    public void AContextNumberIsFreeAgainAfterItsContextWasDisposed()
    {
        using IoMethod method = new IoUringMethodFactory().Create(Bench.SettingsOf([]));
        for (int round = 0; round < 100; round++)
        {
            using IoMethodContext context = method.CreateContext(new IoMethodContextOptions(3, 64, 1, new RecordingSink()));
            Assert.Throws<IoMethodException>(() => method.CreateContext(new IoMethodContextOptions(3, 64, 1, new RecordingSink())));
        }
    }

    [Theory]
    [InlineData("true")]
    [InlineData("false")]
    public void WhatWasNegotiatedIsDescribed(string coop)
    {
        using Bench bench = new(64, ("coop_taskrun", coop));
        Assert.Contains("EXT_ARG", bench.Line("features"), StringComparison.Ordinal);
        Assert.Contains("CQSIZE", bench.Line("set-up flags"), StringComparison.Ordinal);
        Assert.Equal("1, each with 256 submission and 256 completion entries", bench.Line("rings"));
        Assert.StartsWith("off", bench.Line("registered files"), StringComparison.Ordinal);
        Assert.StartsWith("off", bench.Line("punted buffered reads"), StringComparison.Ordinal);
    }

    [Fact]
    public unsafe void LongBufferedReadsArePuntedWhenAskedFor()
    {
        using Bench bench = new(64, ("punt_buffered_reads_bytes", "8192"), ("punt_buffered_reads_in_flight", "2"));
        using OsFile file = Bench.OpenUnnamed();
        byte* memory = bench.Allocate(65536, 1);
        Assert.Equal(65536, bench.Run(bench.PrepareTransfer(0, file, IoOperation.Write, memory, 65536, 0, IoRequestFlags.Buffered)).Result);
        Assert.Equal(4096, bench.Run(bench.PrepareTransfer(0, file, IoOperation.Read, memory, 4096, 0, IoRequestFlags.Buffered)).Result);
        Assert.Equal(0, bench.Counter("punts"));
        Assert.Equal(8192, bench.Run(bench.PrepareTransfer(0, file, IoOperation.Read, memory, 8192, 0, IoRequestFlags.Buffered)).Result);
        Assert.Equal(1, bench.Counter("punts"));
    }
}
