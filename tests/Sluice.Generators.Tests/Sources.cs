namespace Sluice.Generators.Tests;

/// <summary>Declarations that several tests start from.</summary>
internal static class Sources
{
    public const string Target = """
        namespace My.App;

        [AioTarget("block", Callbacks = [typeof(PageRead), typeof(Checksum)])]
        public readonly partial struct BlockTarget
        {
            public readonly int File;
            public readonly uint Block;
            private readonly byte _fork;

            private static IoFile Reopen(in BlockTarget target, IoFileSystem fileSystem) => throw new NotSupportedException();
        }
        """;

    public const string Callbacks = """
        namespace My.App;

        [AioCallback("page_read")]
        internal static partial class PageRead
        {
            private static void Stage(AioHandle handle, byte data) { }

            private static AioResult CompleteShared(AioHandle handle, AioResult prior, byte data) => prior;
        }

        [AioCallback("checksum")]
        public static partial class Checksum
        {
            public static AioResult CompleteLocal(AioHandle handle, AioResult prior, byte data) => prior;

            public static string Report(AioResult result, AioTargetData target) => "bad page";
        }
        """;

    public const string LogRecords = """
        using System.Threading.Tasks;
        using Sluice.Wal;

        namespace My.App;

        public sealed class Bank;

        [LogRecord(0x0010, "transfer")]
        internal static partial class Transfer
        {
            private static void Redo(in LogRecord record, Bank bank) { }

            private static string Describe(in LogRecord record) => $"{record.Body.Length} bytes";
        }

        [LogRecord(0x0011, "page \"image\"")]
        public static partial class PageImage
        {
            public static async ValueTask RedoAsync(LogRecord record, Bank bank) => await Task.Yield();
        }

        [LogRecord(0x8001, "move")]
        internal static partial class Move
        {
            private static void RedoPage(int index, System.Span<byte> page, System.ReadOnlySpan<byte> payload) => page[index] += payload[0];
        }
        """;

    /// <summary>The life of a handle: the machine that the runtime itself is built on.</summary>
    public const string HandleMachine = """
        namespace My.App;

        public enum HandleState { Idle, HandedOut, Defined, Staged, Submitted, CompletedIo, CompletedShared, CompletedLocal }

        [AioStateMachine(typeof(HandleState))]
        [AioTransition("HandOut", HandleState.Idle, HandleState.HandedOut)]
        [AioTransition("Release", HandleState.HandedOut, HandleState.Idle)]
        [AioTransition("Define", HandleState.HandedOut, HandleState.Defined)]
        [AioTransition("Stage", HandleState.Defined, HandleState.Staged)]
        [AioTransition("Submit", HandleState.Staged, HandleState.Submitted)]
        [AioTransition("CompleteIo", HandleState.Submitted, HandleState.CompletedIo, Ordering = AioTransitionOrdering.CompareExchange)]
        [AioTransition("CompleteShared", HandleState.CompletedIo, HandleState.CompletedShared)]
        [AioTransition("CompleteLocal", HandleState.CompletedShared, HandleState.CompletedLocal)]
        [AioTransition("Reclaim", HandleState.CompletedLocal, HandleState.Idle)]
        public partial struct HandleMachine;
        """;

    /// <summary>Names with several sources, with several destinations, raced and not, and a state named by a keyword.</summary>
    public const string BranchingMachine = """
        namespace My.App;

        internal enum Door : byte { @default, Ajar, Closed, Locked }

        [AioStateMachine(typeof(Door))]
        [AioTransition("Push", Door.@default, Door.Ajar)]
        [AioTransition("Push", Door.Ajar, Door.Closed)]
        [AioTransition("Pull", Door.Ajar, Door.@default)]
        [AioTransition("Pull", Door.Closed, Door.@default)]
        [AioTransition("Turn", Door.Closed, Door.Locked, Ordering = AioTransitionOrdering.CompareExchange)]
        [AioTransition("Turn", Door.Locked, Door.Closed, Ordering = AioTransitionOrdering.CompareExchange)]
        [AioTransition("Break", Door.Locked, Door.@default, Ordering = AioTransitionOrdering.CompareExchange)]
        internal partial record struct DoorMachine;
        """;
}
