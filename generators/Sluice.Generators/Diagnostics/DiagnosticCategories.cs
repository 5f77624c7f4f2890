namespace Sluice.Generators.Diagnostics;

/// <summary>The categories of diagnostics, by the kind of declaration they are about.</summary>
internal static class DiagnosticCategories
{
    public const string General = "Sluice";
    public const string Target = "Sluice.Target";
    public const string Callback = "Sluice.Callback";
    public const string Module = "Sluice.Module";
    public const string StateMachine = "Sluice.StateMachine";
    public const string LogRecord = "Sluice.LogRecord";
}
