using System.Runtime.InteropServices;

namespace Ledger;

/// <summary>
/// One word of a child to its parent: 16 bytes in a pipe. What was written to a pipe is there when its writer is dead, and 16 bytes arrive
/// whole or not at all. So what the parent reads was really said before the kill: that is what makes it a proof.
/// </summary>
/// <param name="Kind">What is said.</param>
/// <param name="Client">About which client; 0 when it is about none.</param>
/// <param name="Number">Which transfer.</param>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct ChildMessage(ChildMessageKind Kind, int Client = 0, long Number = 0)
{
    internal const int Bytes = 16;
}

/// <summary>What a child says.</summary>
internal enum ChildMessageKind
{
    /// <summary>Recovery begins.</summary>
    Recovering = 1,

    /// <summary>After recovery: so many transfers of a client are there.</summary>
    Found,

    /// <summary>The clients begin.</summary>
    Working,

    /// <summary>A transfer of a client lasts.</summary>
    Acknowledged,

    /// <summary>A checkpoint begins.</summary>
    CheckpointBegins,
}
