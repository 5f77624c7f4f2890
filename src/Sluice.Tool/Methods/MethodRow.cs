using Sluice.Methods;

namespace Sluice.Tool.Methods;

/// <summary>One io_method as it was found and tried.</summary>
/// <param name="Name">Its name.</param>
/// <param name="State">The plugin's state after it was asked whether it works here.</param>
/// <param name="IsAvailable">Whether a system ran with it.</param>
/// <param name="IsAutomatic">Whether <c>auto</c> chooses it here.</param>
/// <param name="Reason">Why it is not available; null when it is.</param>
/// <param name="Version">The assembly's version.</param>
/// <param name="ContractVersion">The contract it was compiled against.</param>
/// <param name="Path">The assembly.</param>
/// <param name="Capabilities">What it can do; null when it could not be started.</param>
/// <param name="Negotiated">What it says of itself while it runs.</param>
internal sealed record MethodRow(
    string Name,
    string State,
    bool IsAvailable,
    bool IsAutomatic,
    string? Reason,
    string? Version,
    string? ContractVersion,
    string? Path,
    IoMethodCapabilities? Capabilities,
    IReadOnlyList<KeyValuePair<string, string>> Negotiated);
