namespace Sluice.Tool.Bench;

/// <summary>What a run does.</summary>
internal enum Scenario
{
    /// <summary>Reads of one block at random places.</summary>
    RandomRead,

    /// <summary>Reads one block after the other.</summary>
    SequentialRead,

    /// <summary>Writes of one block at random places.</summary>
    RandomWrite,

    /// <summary>Durable writes one after the other, as a log does.</summary>
    LogWrite,

    /// <summary>Nothing, through the whole runtime: its own cost.</summary>
    Null,

    /// <summary>Hash joins that have too little memory.</summary>
    Spill,

    /// <summary>A read stream over a relation, checksums verified.</summary>
    Scan,

    /// <summary>A read stream over every k-th block.</summary>
    Bitmap,

    /// <summary>A checkpoint of dirty pages.</summary>
    Checkpoint,

    /// <summary>A relation that grows through the pool.</summary>
    Extend,

    /// <summary>A relation that is written past the pool.</summary>
    BulkWrite,
}

/// <summary>How the run waits for its I/O.</summary>
internal enum Mode
{
    /// <summary>One thread with a context keeps all of the depth in flight and blocks for completions.</summary>
    Blocking,

    /// <summary>As many asynchronous loops as the depth says, on the thread pool.</summary>
    Await,

    /// <summary>The same loops on an <see cref="AioLoop"/>: one thread.</summary>
    Loop,
}
