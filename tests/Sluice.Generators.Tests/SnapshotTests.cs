using Sluice.Generators.Tests.Harness;

namespace Sluice.Generators.Tests;

/// <summary>What is emitted, as text. Each is also compiled without a warning and checked to be cached.</summary>
public class SnapshotTests
{
    [Fact]
    public Task ATargetGetsStartMethodsThatCarryItsCallbacks() => Verify(Sources.Target, Sources.Callbacks);

    [Fact]
    public Task ATargetThatCannotReopenSaysSo() => Verify("""
        namespace My.App;

        [AioTarget("pipe {0} \"x\"", CanReopen = false)]
        public partial record struct PipeTarget(int Number, Guid @class);
        """);

    [Fact]
    public Task AHandWrittenDescriptionAndStartMethodTakeThePlaceOfTheGenerated() => Verify("""
        namespace My.App;

        [AioTarget("log")]
        internal partial struct LogTarget
        {
            public long Segment;

            public static string Describe(in LogTarget target) => "log segment";

            public static IoFile Reopen(in LogTarget target, IoFileSystem fileSystem) => throw new NotSupportedException();

            public readonly void StartFsync(AioHandle handle, IoFile file) => handle.StartFsync(file);
        }
        """);

    [Fact]
    public Task ACallbackForwardsToTheMethodsThatItDeclares() => Verify(Sources.Callbacks);

    [Fact]
    public Task TheModuleIsNamedByItsAttribute() => Verify(
        "[assembly: AioModule(\"Some.Place.AppModule\")]",
        "[AioTarget(\"b\", CanReopen = false)] public partial struct B { public int Value; }",
        "[AioTarget(\"a\", CanReopen = false)] public partial struct A { public int Value; }",
        Sources.Callbacks);

    [Fact]
    public Task TheHandleMachineHasOneSmallMethodForEachTransition() => Verify(Sources.HandleMachine);

    [Fact]
    public Task ABranchingMachineChoosesByTheStateItIsIn() => Verify(Sources.BranchingMachine);

    [Fact]
    public Task ALogRecordIsReplayedThroughItsDispatch() => Verify(Sources.LogRecords);

    private static Task Verify(params string[] sources) => Verifier.Verify(GeneratorRun.Clean(sources).Driver).UseDirectory("Snapshots");
}
