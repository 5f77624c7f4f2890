namespace Sluice.Storage;

/// <summary>Which relation files: PostgreSQL's relation file locator.</summary>
/// <param name="TablespaceOid">The tablespace: <see cref="DefaultTablespace"/>, <see cref="GlobalTablespace"/>, or another below
/// <c>pg_tblspc</c>.</param>
/// <param name="DatabaseOid">The database; 0 in the global tablespace.</param>
/// <param name="Number">The file's number.</param>
public readonly record struct RelationId(uint TablespaceOid, uint DatabaseOid, uint Number)
{
    /// <summary>The tablespace whose databases stand in <c>base</c>.</summary>
    public const uint DefaultTablespace = 1663;

    /// <summary>The tablespace of what all databases share: <c>global</c>.</summary>
    public const uint GlobalTablespace = 1664;
}
