namespace Sluice.Generators.Helpers;

/// <summary>Names in the Sluice assemblies that the generator looks for or writes.</summary>
internal static class Names
{
    public const string Namespace = "Sluice";
    public const string TargetAttribute = "Sluice.AioTargetAttribute";
    public const string CallbackAttribute = "Sluice.AioCallbackAttribute";
    public const string StateMachineAttribute = "Sluice.AioStateMachineAttribute";
    public const string TransitionAttribute = "Sluice.AioTransitionAttribute";
    public const string LogRecordAttribute = "Sluice.LogRecordAttribute";
    public const string ModuleAttribute = "Sluice.AioModuleAttribute";

    /// <summary>The nested struct of a callback class through which the runtime takes the addresses of its methods.</summary>
    public const string Dispatch = "AioDispatch";

    /// <summary>The nested struct of a kind of log record through which a registry takes the addresses of its methods.</summary>
    public const string RecordDispatch = "LogDispatch";

    public const string RecordKind = "Kind";
    public const string Redo = "Redo";
    public const string RedoAsync = "RedoAsync";
    public const string RedoPage = "RedoPage";
    public const string TargetId = "TargetId";
    public const string CallbackId = "Id";
    public const string Describe = "Describe";
    public const string Reopen = "Reopen";

    /// <summary>The private method of a target that packs it into a handle.</summary>
    public const string AttachTo = "AttachTo";

    public const string StateField = "_state";
    public const string Value = "Value";
    public const string IsLegal = "IsLegal";
    public const string Transitions = "Transitions";
    public const string Diagram = "Diagram";
    public const string Refuse = "Refuse";
    public const string TransitionTable = "TransitionTable";
}
