namespace Sluice.Tests;

/// <summary>Results and the error numbers in them.</summary>
public sealed class AioResultTests
{
    private static readonly AioCallbackId s_judge = new(7);

    [Fact]
    public void AnErrorNumberStaysWhoeverExplainsIt()
    {
        AioResult error = AioResult.Error(Errno.ENOSPC);
        Assert.Equal(Errno.ENOSPC, error.Errno);
        AioResult explained = error.ExplainedBy(s_judge);
        Assert.Equal((s_judge, Errno.ENOSPC, AioStatus.Error), (explained.Judge, explained.Errno, explained.Status));
        Assert.Equal(Errno.ENOSPC, new AioException("write", explained, "why").Errno);
        Assert.True(error.WithFlushFailure().ExplainedBy(s_judge).IsFlushFailure);
        Assert.Equal(Errno.ENOSPC, explained.WithUnknownOutcome().Errno);
    }

    [Fact]
    public void AVerdictOfACallbackIsNoErrorNumber()
    {
        AioResult judged = AioResult.Ok(8192).JudgedBy(s_judge, AioStatus.Error, 0, detail: 28);
        Assert.Equal(0, judged.Errno);
        Assert.Equal(0, judged.ExplainedBy(s_judge).Errno);
        Assert.Equal(0, new AioException("write", judged, "why").Errno);

        // Judged anew, what was an error number is the judge's detail.
        Assert.Equal(0, AioResult.Error(Errno.EIO).ExplainedBy(s_judge).JudgedBy(s_judge, AioStatus.Error, 0, detail: 5).Errno);
        Assert.Equal(0, AioResult.Ok(1).Errno);
        Assert.Equal(0, AioResult.Partial(1).Errno);

        // What the runtime says by itself is no number of the system's.
        Assert.Equal(0, new AioResult(AioStatus.Error, 0, default, 0x1_0000).Errno);
    }
}
