namespace Sluice.TempFiles;

/// <summary>The sorted records of a run that never left memory.</summary>
internal sealed unsafe class BuilderRecordSource<TOrder>(RunBuilder<TOrder> builder) : RecordSource
    where TOrder : struct, IRecordOrder
{
    private int _next;

    internal override bool MoveNext()
    {
        if (_next >= builder.Count) return false;
        RecordEntry* entry = builder.Entries + _next++;
        Record = builder.Memory + entry->Offset;
        Length = entry->Length;
        return true;
    }
}
