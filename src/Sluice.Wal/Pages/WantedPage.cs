namespace Sluice.Wal;

/// <summary>A page that decoded records are about, from the first of them until the last is replayed.</summary>
internal sealed class WantedPage
{
    internal PageTag Tag { get; set; }

    internal WantedRelation Relation { get; set; } = null!;

    /// <summary>How it is got hold of when the first of its records is replayed.</summary>
    internal WantedPageSource Source { get; set; }

    /// <summary>Its pin, from when it is held until the last of its records is replayed.</summary>
    internal BufferPin Pin { get; set; }

    /// <summary>How many references to it are not replayed yet.</summary>
    internal int Uses { get; set; }
}
