using System.Globalization;

namespace Sluice.Storage;

/// <summary>PostgreSQL's names of relation files, relative to the data directory. Any thread.</summary>
public static class RelationPaths
{
    private static readonly string[] s_suffixes = ["", "_fsm", "_vm", "_init"];

    /// <summary>The suffix of a fork's files: <c>_fsm</c>; empty for the main fork.</summary>
    /// <param name="fork">The fork.</param>
    public static string SuffixOf(RelationFork fork) => s_suffixes[(int)fork];

    /// <summary>The folder of a database in a tablespace.</summary>
    /// <param name="relation">Which files; the number does not matter.</param>
    /// <param name="tablespaceFolder">The data directory's folder within tablespaces: <c>PG_18_202506291</c>.</param>
    public static string FolderOf(RelationId relation, string tablespaceFolder) => relation.TablespaceOid switch
    {
        RelationId.GlobalTablespace => "global",
        RelationId.DefaultTablespace => string.Create(CultureInfo.InvariantCulture, $"base/{relation.DatabaseOid}"),
        _ => string.Create(CultureInfo.InvariantCulture, $"pg_tblspc/{relation.TablespaceOid}/{tablespaceFolder}/{relation.DatabaseOid}"),
    };

    /// <summary>The name of a segment's file within its folder: <c>16384_fsm.1</c>, <c>t3_16384</c>.</summary>
    /// <param name="relation">The relation.</param>
    /// <param name="fork">The fork.</param>
    /// <param name="segment">The segment; the first, 0, has no suffix.</param>
    public static string NameOf(RelationKey relation, RelationFork fork, uint segment = 0)
    {
        string owner = relation.IsTemporary ? string.Create(CultureInfo.InvariantCulture, $"t{relation.TemporaryOwner}_") : "";
        string suffix = segment == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $".{segment}");
        return string.Create(CultureInfo.InvariantCulture, $"{owner}{relation.Id.Number}{SuffixOf(fork)}{suffix}");
    }

    /// <summary>The path of a segment's file relative to the data directory.</summary>
    /// <param name="relation">The relation.</param>
    /// <param name="fork">The fork.</param>
    /// <param name="segment">The segment.</param>
    /// <param name="tablespaceFolder">The data directory's folder within tablespaces.</param>
    public static string PathOf(RelationKey relation, RelationFork fork, uint segment, string tablespaceFolder) =>
        $"{FolderOf(relation.Id, tablespaceFolder)}/{NameOf(relation, fork, segment)}";

    /// <summary>Reads a file's name.</summary>
    /// <param name="name">The name, without a folder.</param>
    /// <param name="file">What it says.</param>
    /// <returns>False when no relation file is called so.</returns>
    public static bool TryParse(ReadOnlySpan<char> name, out RelationFileName file)
    {
        file = default;
        int owner = -1;
        if (name.StartsWith("t", StringComparison.Ordinal))
        {
            int line = name.IndexOf('_');
            if (line < 0 || !TryNumber(name[1..line], out uint parsed) || parsed > int.MaxValue) return false;
            owner = (int)parsed;
            name = name[(line + 1)..];
        }

        uint segment = 0;
        int dot = name.IndexOf('.');
        if (dot >= 0)
        {
            if (!TryNumber(name[(dot + 1)..], out segment) || segment == 0) return false;
            name = name[..dot];
        }

        RelationFork fork = RelationFork.Main;
        int suffix = name.IndexOf('_');
        if (suffix >= 0)
        {
            int index = IndexOfSuffix(name[suffix..]);
            if (index < 0) return false;
            fork = (RelationFork)index;
            name = name[..suffix];
        }

        if (!TryNumber(name, out uint number)) return false;
        file = new RelationFileName(number, fork, segment, owner);
        return true;
    }

    private static int IndexOfSuffix(ReadOnlySpan<char> suffix)
    {
        for (int index = 1; index < s_suffixes.Length; index++)
        {
            if (suffix.SequenceEqual(s_suffixes[index])) return index;
        }

        return -1;
    }

    // Only what the writer writes: no sign, no leading zero, no blank.
    private static bool TryNumber(ReadOnlySpan<char> text, out uint number)
    {
        number = 0;
        if (text.Length > 1 && text[0] == '0') return false;
        return uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }
}
