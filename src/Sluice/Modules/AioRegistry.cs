using System.Runtime.CompilerServices;

namespace Sluice;

/// <summary>
/// The process-wide tables of targets and callbacks, by one-byte id. Filled when modules are registered, never emptied; read
/// without a lock: an entry is complete before the id that leads to it is published.
/// </summary>
public static unsafe class AioRegistry
{
    private static readonly Lock s_lock = new();
    private static readonly CallbackEntry[] s_callbacks = new CallbackEntry[Limits.ModuleIdsMax + 1];
    private static readonly TargetEntry[] s_targets = new TargetEntry[Limits.ModuleIdsMax + 1];
    private static int s_callbackCount;
    private static int s_targetCount;

    /// <summary>The id of a kind of target; default before its module was registered.</summary>
    /// <typeparam name="T">The target's struct.</typeparam>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static AioTargetId TargetId<T>()
        where T : unmanaged, IAioTarget<T> => TargetSlot<T>.Id;

    /// <summary>The id of a callback; default before its module was registered.</summary>
    /// <typeparam name="TDispatch">The callback's generated dispatch.</typeparam>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static AioCallbackId CallbackId<TDispatch>()
        where TDispatch : struct, IAioCallbackDispatch => CallbackSlot<TDispatch>.Id;

    /// <summary>The name of a callback; <c>runtime</c> for id 0.</summary>
    /// <param name="id">The id.</param>
    public static string NameOf(AioCallbackId id) => s_callbacks[id.Value].Name ?? "runtime";

    internal static void AddTarget<T>(AioModule module)
        where T : unmanaged, IAioTarget<T>
    {
        lock (s_lock)
        {
            if (TargetSlot<T>.Id != default) return;
            Invariant.Check(
                sizeof(T) <= Limits.TargetBytesMax, $"Target {typeof(T)} is {sizeof(T)} bytes: the most is {Limits.TargetBytesMax}.");
            Invariant.Check(
                s_targetCount < Limits.ModuleIdsMax,
                $"Module {module.Name} is one target too many: a process can have {Limits.ModuleIdsMax}.");
            int id = ++s_targetCount;
            s_targets[id] = new TargetEntry(T.TargetName, &TargetThunk<T>.Describe, &TargetThunk<T>.Reopen);
            TargetSlot<T>.Id = new AioTargetId((byte)id);
        }
    }

    internal static void AddCallback<TDispatch>(AioModule module)
        where TDispatch : struct, IAioCallbackDispatch
    {
        lock (s_lock)
        {
            if (CallbackSlot<TDispatch>.Id != default) return;
            Invariant.Check(
                s_callbackCount < Limits.ModuleIdsMax,
                $"Module {module.Name} is one callback too many: a process can have {Limits.ModuleIdsMax}.");
            AioCallbackPhases phases = TDispatch.Phases;
            int id = ++s_callbackCount;
            s_callbacks[id] = new CallbackEntry(
                TDispatch.CallbackName,
                phases.HasFlag(AioCallbackPhases.Stage) ? &TDispatch.Stage : null,
                phases.HasFlag(AioCallbackPhases.CompleteShared) ? &TDispatch.CompleteShared : null,
                phases.HasFlag(AioCallbackPhases.CompleteLocal) ? &TDispatch.CompleteLocal : null,
                phases.HasFlag(AioCallbackPhases.Report) ? &TDispatch.Report : null);
            CallbackSlot<TDispatch>.Id = new AioCallbackId((byte)id);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ref readonly CallbackEntry CallbackEntryOf(byte id) => ref s_callbacks[id];

    internal static TargetEntry TargetEntryOf(AioTargetId id) => id == default ? TargetEntry.None : s_targets[id.Value];

    internal static string Describe(in AioTargetData data) =>
        data.Id == default ? "nothing in particular" : s_targets[data.Id.Value].Describe(in data);

    internal static IoFile Reopen(in AioTargetData data, IoFileSystem fileSystem)
    {
        Invariant.Check(data.Id != default, "An I/O without a target has no file to open again.");
        return s_targets[data.Id.Value].Reopen(in data, fileSystem);
    }

    /// <summary>The methods of a callback; null where it has none.</summary>
    internal readonly struct CallbackEntry(
        string name,
        delegate*<AioHandle, byte, void> stage,
        delegate*<AioHandle, AioResult, byte, AioResult> completeShared,
        delegate*<AioHandle, AioResult, byte, AioResult> completeLocal,
        delegate*<AioResult, AioTargetData, string> report)
    {
        internal readonly string? Name = name;
        internal readonly delegate*<AioHandle, byte, void> Stage = stage;
        internal readonly delegate*<AioHandle, AioResult, byte, AioResult> CompleteShared = completeShared;
        internal readonly delegate*<AioHandle, AioResult, byte, AioResult> CompleteLocal = completeLocal;
        internal readonly delegate*<AioResult, AioTargetData, string> Report = report;
    }

    /// <summary>The methods of a kind of target.</summary>
    internal readonly struct TargetEntry(
        string name,
        delegate*<in AioTargetData, string> describe,
        delegate*<in AioTargetData, IoFileSystem, IoFile> reopen)
    {
        internal static TargetEntry None => new("none", null, null);

        internal readonly string Name = name;
        internal readonly delegate*<in AioTargetData, string> Describe = describe;
        internal readonly delegate*<in AioTargetData, IoFileSystem, IoFile> Reopen = reopen;
    }

    private static class TargetThunk<T>
        where T : unmanaged, IAioTarget<T>
    {
        internal static string Describe(in AioTargetData data) => T.Describe(data.As<T>());

        internal static IoFile Reopen(in AioTargetData data, IoFileSystem fileSystem) => T.Reopen(data.As<T>(), fileSystem);
    }

    // One static field per type: the JIT turns the look-up into a load from a known address.
    private static class TargetSlot<T>
    {
        internal static AioTargetId Id;
    }

    private static class CallbackSlot<T>
    {
        internal static AioCallbackId Id;
    }
}
