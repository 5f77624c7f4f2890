namespace Sluice.Wal;

/// <summary>Where a page comes from that replay wants.</summary>
internal enum WantedPageSource
{
    /// <summary>It is pinned: it was in memory when the record was decoded, or was got hold of since.</summary>
    Pin,

    /// <summary>Its relation's read stream hands it out, in the order in which it was asked for.</summary>
    Stream,

    /// <summary>The record has its image: it is not read.</summary>
    Image,

    /// <summary>It is looked for when its record is replayed: nothing is read ahead, or it was behind the end of its file.</summary>
    Late,
}
