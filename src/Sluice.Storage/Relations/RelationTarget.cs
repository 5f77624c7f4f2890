using System.Globalization;

namespace Sluice.Storage;

/// <summary>
/// What an I/O on a relation is about: which blocks of which fork of which data directory. Enough to say so when everything else is
/// gone, to find the relation again, and to open its file.
/// </summary>
[AioTarget("relation", CanReopen = true)]
public readonly partial struct RelationTarget
{
    private readonly uint _tablespaceOid;
    private readonly uint _databaseOid;
    private readonly uint _number;
    private readonly int _temporaryOwner;
    private readonly uint _block;
    private readonly uint _blockCount;
    private readonly uint _segment;
    private readonly ushort _storageId;
    private readonly RelationFork _fork;

    internal RelationTarget(ushort storageId, RelationKey relation, RelationFork fork, uint segment, uint block, uint blockCount)
    {
        _storageId = storageId;
        _tablespaceOid = relation.Id.TablespaceOid;
        _databaseOid = relation.Id.DatabaseOid;
        _number = relation.Id.Number;
        _temporaryOwner = relation.TemporaryOwner;
        _fork = fork;
        _segment = segment;
        _block = block;
        _blockCount = blockCount;
    }

    /// <summary>The relation.</summary>
    public RelationKey Relation => new(new RelationId(_tablespaceOid, _databaseOid, _number), _temporaryOwner);

    /// <summary>The fork.</summary>
    public RelationFork Fork => _fork;

    /// <summary>The segment whose file it is.</summary>
    public uint Segment => _segment;

    /// <summary>The first block, by its number within the fork.</summary>
    public uint Block => _block;

    /// <summary>How many blocks; 0 for an I/O on the whole segment, such as a sync.</summary>
    public uint BlockCount => _blockCount;

    /// <summary>The storage manager it belongs to; null when that was disposed.</summary>
    public StorageManager? Storage => StorageManagers.Find(_storageId);

    /// <summary>The name of the relation's fork for people: <c>base/5/16384</c>, whatever the segment.</summary>
    public string RelationPath =>
        RelationPaths.PathOf(Relation, _fork, 0, Storage?.TablespaceFolderOrGuess ?? StorageManager.UnknownTablespaceFolder);

    private static string Describe(in RelationTarget target)
    {
        string path = RelationPaths.PathOf(
            target.Relation, target._fork, target._segment,
            target.Storage?.TablespaceFolderOrGuess ?? StorageManager.UnknownTablespaceFolder);
        return target._blockCount switch
        {
            0 => path,
            1 => string.Create(CultureInfo.InvariantCulture, $"{path} (block {target._block})"),
            _ => string.Create(CultureInfo.InvariantCulture, $"{path} (blocks {target._block}..{target._block + target._blockCount - 1})"),
        };
    }

    private static IoFile Reopen(in RelationTarget target, IoFileSystem fileSystem)
    {
        StorageManager? storage = target.Storage;
        if (storage is null) throw new AioException($"open {Describe(in target)} again", Errno.EBADF, "its storage manager was disposed");
        return storage.Open(target.Relation).OpenApart(target._fork, target._segment, fileSystem);
    }
}
