namespace Sluice;

/// <summary>What to begin with on this machine and file system.</summary>
/// <param name="Method">The io_method.</param>
/// <param name="Depth">I/Os in flight.</param>
/// <param name="Workers">Workers, should the io_method be <c>worker</c>.</param>
/// <param name="Reason">Why, in one line.</param>
public sealed record DurabilitySuggestion(string Method, int Depth, int Workers, string Reason);
