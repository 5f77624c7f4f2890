using System.Globalization;

namespace Sluice.Methods.Simulated;

/// <summary>One thing that happened.</summary>
/// <param name="TimeNanoseconds">When, in virtual time.</param>
/// <param name="Operation">What.</param>
/// <param name="FileNumber">On which file or folder: numbers in the order in which paths were first seen.</param>
/// <param name="OffsetBytes">Where in the file.</param>
/// <param name="LengthBytes">How much was asked for.</param>
/// <param name="Result">Bytes, 0, or a negative errno.</param>
/// <param name="Flags">How: the request's flags.</param>
public readonly record struct TraceRecord(
    long TimeNanoseconds, TraceOperation Operation, int FileNumber, long OffsetBytes, long LengthBytes, int Result, IoRequestFlags Flags)
{
    /// <summary>The record in one line.</summary>
    /// <param name="path">The path of its file.</param>
    public string Format(string path)
    {
        string what = Operation.ToString().ToLowerInvariant();
        string outcome = Result < 0 ? Errno.Name(-Result) : Result.ToString(CultureInfo.InvariantCulture);
        string flags = (Flags & ~IoRequestFlags.Buffered) == 0 ? "" : $" [{Flags & ~IoRequestFlags.Buffered}]";
        string range = Operation <= TraceOperation.SetLength
            ? string.Create(CultureInfo.InvariantCulture, $" {LengthBytes}@{OffsetBytes}")
            : "";
        return string.Create(CultureInfo.InvariantCulture, $"{TimeNanoseconds / 1e9:0.000000000} {what} {path}{range} = {outcome}{flags}");
    }
}
