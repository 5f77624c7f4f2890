namespace Sluice.Generators.Model;

/// <summary>What the module class needs of the compilation.</summary>
/// <param name="FullName">Namespace and name of the class to emit.</param>
/// <param name="IsRequested">Whether the assembly names its module, which is then emitted even when empty.</param>
internal sealed record ModuleOptions(string FullName, bool IsRequested);
