namespace Sluice.TempFiles;

/// <summary>
/// An order of records, as a struct, so that each order gets sorting code of its own without a call through an interface per comparison.
/// </summary>
internal unsafe interface IRecordOrder
{
    /// <summary>
    /// Whether the order is that of the bytes: <see cref="PrefixAt"/> then works at every depth, and equal prefixes at one depth can be
    /// told apart at
    /// the next.
    /// </summary>
    bool IsBytewise { get; }

    /// <summary>
    /// An abbreviated key: eight bytes that never contradict the order. A smaller prefix means an earlier record; equal prefixes mean
    /// nothing.
    /// </summary>
    ulong Prefix(byte* record, int length);

    /// <summary>The prefix from a depth on, in bytes; only when bytewise.</summary>
    ulong PrefixAt(byte* record, int length, int depth);

    /// <summary>How many of a record's bytes the order looks at; only when bytewise.</summary>
    int KeyLength(int length);

    /// <summary>
    /// A number that orders records whose bytes are equal as far as both go: by length, or its reverse; only when bytewise.
    /// </summary>
    uint LengthRank(int length);

    /// <summary>Compares whole records.</summary>
    int Compare(byte* left, int leftLength, byte* right, int rightLength);
}
