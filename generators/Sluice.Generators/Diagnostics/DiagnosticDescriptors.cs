using Microsoft.CodeAnalysis;

namespace Sluice.Generators.Diagnostics;

/// <summary>Everything the generator and the analyzers report. An id is never used again for something else.</summary>
internal static class DiagnosticDescriptors
{
    public static readonly DiagnosticDescriptor TypeNotPartial = Error(
        "AIO001",
        "Type must be partial",
        "The {0} '{1}' must be declared partial, so that its other part can be generated",
        DiagnosticCategories.General);

    public static readonly DiagnosticDescriptor ContainingTypeNotPartial = Error(
        "AIO002",
        "Containing type must be partial",
        "The type '{0}' contains the {1} '{2}' and must be declared partial too",
        DiagnosticCategories.General);

    public static readonly DiagnosticDescriptor TargetNotUnmanaged = Error(
        "AIO003",
        "Target must be unmanaged",
        "The target '{0}' cannot live in a handle: {1}; use unmanaged types only (numbers, enums, structs of these)",
        DiagnosticCategories.Target);

    public static readonly DiagnosticDescriptor TargetTooLarge = Error(
        "AIO004",
        "Target is too large",
        "The target '{0}' takes {1} bytes and a handle has room for {2}; keep an identity in it and look the rest up",
        DiagnosticCategories.Target);

    public static readonly DiagnosticDescriptor DuplicateTargetName = Error(
        "AIO005",
        "Target name is used twice",
        "The target name \"{0}\" is already used by '{1}'; names are unique in an assembly",
        DiagnosticCategories.Target);

    public static readonly DiagnosticDescriptor DuplicateCallbackName = Error(
        "AIO006",
        "Callback name is used twice",
        "The callback name \"{0}\" is already used by '{1}'; names are unique in an assembly",
        DiagnosticCategories.Callback);

    public static readonly DiagnosticDescriptor CallbackWithoutCompletion = Error(
        "AIO007",
        "Callback has no completion",
        "The callback '{0}' declares no completion; declare '{1}' or '{2}'",
        DiagnosticCategories.Callback);

    public static readonly DiagnosticDescriptor CallbackMethodSignature = Error(
        "AIO008",
        "Callback method has the wrong signature",
        "'{0}' is not what a callback is called by; declare it as '{1}'",
        DiagnosticCategories.Callback);

    public static readonly DiagnosticDescriptor TargetMethodSignature = Error(
        "AIO009",
        "Target method has the wrong signature",
        "'{0}' is not what a target is called by; declare it as '{1}'",
        DiagnosticCategories.Target);

    public static readonly DiagnosticDescriptor CallbackClassNotStatic = Error(
        "AIO010",
        "Callback class must be static",
        "The callback '{0}' must be a static class: callbacks are called by id and have no instance",
        DiagnosticCategories.Callback);

    public static readonly DiagnosticDescriptor TooManyCallbacks = Error(
        "AIO011",
        "Target has too many callbacks",
        "The target '{0}' lists {1} callbacks and a handle holds {2}",
        DiagnosticCategories.Target);

    public static readonly DiagnosticDescriptor NotACallback = Error(
        "AIO012",
        "Not a callback",
        "'{0}' is not a callback; only classes marked [AioCallback] may be listed",
        DiagnosticCategories.Target);

    public static readonly DiagnosticDescriptor CallbackListedTwice = Error(
        "AIO013",
        "Callback is listed twice",
        "The callback '{0}' is listed twice and would run twice for each I/O",
        DiagnosticCategories.Target);

    public static readonly DiagnosticDescriptor ReopenMissing = Error(
        "AIO014",
        "Reopen is missing",
        "The target '{0}' must declare '{1}', or say CanReopen = false",
        DiagnosticCategories.Target);

    public static readonly DiagnosticDescriptor ReopenUnused = Warning(
        "AIO015",
        "Reopen is never called",
        "The target '{0}' says CanReopen = false, so its Reopen is never called; remove one of the two",
        DiagnosticCategories.Target);

    public static readonly DiagnosticDescriptor EmptyName = Error(
        "AIO016",
        "Name is empty",
        "The {0} '{1}' needs a name: it is what errors and snapshots show",
        DiagnosticCategories.General);

    public static readonly DiagnosticDescriptor GenericType = Error(
        "AIO017",
        "Type must not be generic",
        "The {0} '{1}' is generic or stands in a generic type; each kind has one id, so it must be one type",
        DiagnosticCategories.General);

    public static readonly DiagnosticDescriptor NotAccessible = Error(
        "AIO018",
        "Type must be accessible in its assembly",
        "The {0} '{1}' is {2}; the module class that registers it must see it, so make it internal or public",
        DiagnosticCategories.General);

    public static readonly DiagnosticDescriptor TooManyInAssembly = Error(
        "AIO019",
        "Too many in one assembly",
        "The assembly declares {0} {1}s and ids have room for {2}",
        DiagnosticCategories.General);

    public static readonly DiagnosticDescriptor AsyncCallback = Error(
        "AIO020",
        "Callback must not be asynchronous",
        "'{0}' is asynchronous, but a callback has done its work when it returns; declare it as '{1}'",
        DiagnosticCategories.Callback);

    public static readonly DiagnosticDescriptor ModuleNameInvalid = Error(
        "AIO021",
        "Module name cannot be used",
        "The module name \"{0}\" cannot be used: {1}",
        DiagnosticCategories.Module);

    public static readonly DiagnosticDescriptor MemberCollision = Error(
        "AIO022",
        "Member has the name of a generated one",
        "The {0} '{1}' declares '{2}', which is the name of a generated member; rename it",
        DiagnosticCategories.General);

    public static readonly DiagnosticDescriptor StatesNotAnEnum = Error(
        "AIO023",
        "States must be an enum",
        "The states of '{0}' must be an enum that is not generic and that the machine can see",
        DiagnosticCategories.StateMachine);

    public static readonly DiagnosticDescriptor StatesNotConsecutive = Error(
        "AIO024",
        "States must be consecutive from zero",
        "The states of '{0}' must be 0, 1, 2, … without gap or double: {1}",
        DiagnosticCategories.StateMachine);

    public static readonly DiagnosticDescriptor TooManyStates = Error(
        "AIO025",
        "Too many states",
        "The enum '{0}' has {1} members and a machine has room for {2} states",
        DiagnosticCategories.StateMachine);

    public static readonly DiagnosticDescriptor NoTransitions = Error(
        "AIO026",
        "Machine has no transitions",
        "The state machine '{0}' declares no transition; add [AioTransition(name, from, to)]",
        DiagnosticCategories.StateMachine);

    public static readonly DiagnosticDescriptor NotAState = Error(
        "AIO027",
        "Not a state of the machine",
        "{0} is not a member of '{1}', the states of '{2}'",
        DiagnosticCategories.StateMachine);

    public static readonly DiagnosticDescriptor MixedOrderings = Error(
        "AIO028",
        "One transition, two orderings",
        "The transition '{0}' is declared with different orderings; all of one name must agree",
        DiagnosticCategories.StateMachine);

    public static readonly DiagnosticDescriptor TransitionNameInvalid = Error(
        "AIO029",
        "Transition name is not an identifier",
        "\"{0}\" cannot be the name of a method; name the transition by a verb such as Submit",
        DiagnosticCategories.StateMachine);

    public static readonly DiagnosticDescriptor TransitionNameCollides = Error(
        "AIO030",
        "Transition name collides",
        "The transition '{0}' would emit '{1}', which '{2}' already has; choose another name",
        DiagnosticCategories.StateMachine);

    public static readonly DiagnosticDescriptor DuplicateTransition = Error(
        "AIO031",
        "Transition is declared twice",
        "The transition '{0}' from {1} to {2} is declared twice",
        DiagnosticCategories.StateMachine);

    public static readonly DiagnosticDescriptor AmbiguousTransition = Error(
        "AIO032",
        "Transition leads to two states",
        "The transition '{0}' leads from {1} to both {2} and {3}; give the second one a name of its own",
        DiagnosticCategories.StateMachine);

    public static readonly DiagnosticDescriptor UnreachableState = Error(
        "AIO033",
        "State is unreachable",
        "No transition leads from the first state to {0} of '{1}'",
        DiagnosticCategories.StateMachine);

    public static readonly DiagnosticDescriptor DeadEndState = Error(
        "AIO034",
        "State is a dead end",
        "No transition leaves {0} of '{1}'; add one, or say AllowsFinalStates = true",
        DiagnosticCategories.StateMachine);

    public static readonly DiagnosticDescriptor ReadOnlyMachine = Error(
        "AIO035",
        "Machine must not be readonly",
        "The state machine '{0}' must not be a readonly struct: its state changes",
        DiagnosticCategories.StateMachine);

    public static readonly DiagnosticDescriptor MachineHasFields = Error(
        "AIO036",
        "Machine must hold nothing but its state",
        "The state machine '{0}' declares the field '{1}'; keep it beside the machine, whose only field is the state",
        DiagnosticCategories.StateMachine);

    public static readonly DiagnosticDescriptor TransitionWithoutMachine = Error(
        "AIO037",
        "Transition without a machine",
        "'{0}' declares transitions and is not marked [AioStateMachine]",
        DiagnosticCategories.StateMachine);

    public static readonly DiagnosticDescriptor MachineCopied = Warning(
        "AIO038",
        "Machine is copied",
        "'{0}' makes a copy of the state machine '{1}', and a transition of a copy is lost; {2}",
        DiagnosticCategories.StateMachine);

    public static readonly DiagnosticDescriptor BlockingCompletion = Warning(
        "AIO039",
        "Shared completion must not block",
        "'{0}' blocks, and the shared completion of '{1}' runs on whichever thread reaps: every other I/O would wait for it",
        DiagnosticCategories.Callback);

    public static readonly DiagnosticDescriptor LanguageVersion = Error(
        "AIO040",
        "C# version is too old",
        "The {0} '{1}' needs C# {2} or later; this project uses C# {3}",
        DiagnosticCategories.General);

    public static readonly DiagnosticDescriptor RedoMissing = Error(
        "AIO041",
        "Log record has no replay",
        "The log record '{0}' must declare one method that replays it: '{1}', '{2}' or '{3}'",
        DiagnosticCategories.LogRecord);

    public static readonly DiagnosticDescriptor RedoSignature = Error(
        "AIO042",
        "Replay has another signature",
        "'{0}' is not called: declare it as '{1}', '{2}' or '{3}'",
        DiagnosticCategories.LogRecord);

    public static readonly DiagnosticDescriptor DuplicateRecordKind = Error(
        "AIO043",
        "Kind of log record is used twice",
        "The kind {0} is that of '{1}' already; give each kind of log record a number of its own",
        DiagnosticCategories.LogRecord);

    public static readonly DiagnosticDescriptor RecordKindRange = Error(
        "AIO044",
        "Kind of log record is out of range",
        "The kind of '{0}' is {1}; give a number from 0 to 65279 (0xFEFF), for the others are the log's own",
        DiagnosticCategories.LogRecord);

    public static readonly DiagnosticDescriptor PageRecordKindRange = Error(
        "AIO045",
        "Kind of a record about pages is out of range",
        "'{0}' replays pages, and its kind is {1}; give a number from 32768 (0x8000) to 65279 (0xFEFF), for the log of pages tells its records by them",
        DiagnosticCategories.LogRecord);

    private static DiagnosticDescriptor Error(string id, string title, string message, string category) =>
        new(id, title, message, category, DiagnosticSeverity.Error, isEnabledByDefault: true, helpLinkUri: HelpLink(id));

    private static DiagnosticDescriptor Warning(string id, string title, string message, string category) =>
        new(id, title, message, category, DiagnosticSeverity.Warning, isEnabledByDefault: true, helpLinkUri: HelpLink(id));

    private static string HelpLink(string id) => $"https://github.com/sluice-io/sluice/blob/main/docs/diagnostics/{id}.md";
}
