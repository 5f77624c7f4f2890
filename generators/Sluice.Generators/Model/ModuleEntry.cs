namespace Sluice.Generators.Model;

/// <summary>One type that the module class registers.</summary>
/// <param name="FullName">The name that entries are sorted by.</param>
/// <param name="Reference">The type argument of the registration, in code.</param>
internal sealed record ModuleEntry(string FullName, string Reference);
