namespace Sluice.TempFiles;

/// <summary>Records in order, one at a time. The record stays where it is until the next call. One flow at a time.</summary>
internal abstract unsafe class RecordSource : IDisposable
{
    /// <summary>The record at hand.</summary>
    internal byte* Record;

    /// <summary>Its length in bytes.</summary>
    internal int Length;

    /// <summary>Goes to the next record.</summary>
    /// <returns>False at the end.</returns>
    internal abstract bool MoveNext();

    public virtual void Dispose()
    {
    }
}
