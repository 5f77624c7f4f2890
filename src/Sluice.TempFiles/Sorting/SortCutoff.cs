namespace Sluice.TempFiles;

/// <summary>
/// Of a sort that keeps only the first records: a record that so many others come before. Whatever does not come before it, and arrives
/// later, can be dropped.
/// </summary>
/// <param name="Prefix">Its prefix.</param>
/// <param name="Record">Its bytes.</param>
internal sealed record SortCutoff(ulong Prefix, byte[] Record);
