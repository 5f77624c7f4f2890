namespace Sluice.Plugins;

/// <summary>How one assembly that a plugin asked for was found.</summary>
/// <param name="Requested">The full name as it was asked for.</param>
/// <param name="Resolver">
/// Who answered: <c>plugin</c> (its own folder), <c>contract</c> (shared, always the host's), <c>host</c> (the host or the
/// framework), <c>not needed yet</c>, or <c>not found</c>.
/// </param>
/// <param name="Path">The file; null when it was not loaded or was loaded from memory.</param>
/// <param name="Version">The version that was given; null when none was.</param>
/// <param name="Context">The load context it is in; null when it is in none.</param>
public sealed record PluginResolution(string Requested, string Resolver, string? Path, Version? Version, string? Context);
