using System.Buffers.Binary;

namespace Ledger;

/// <summary>
/// One word of a child to its parent: 16 bytes in a pipe. What was written to a pipe is there when its writer is dead, and 16 bytes
/// arrive whole
/// or not at all. So what the parent reads was really said before the kill: that is what makes it a proof.
/// </summary>
/// <param name="Kind">What is said.</param>
/// <param name="Client">About which client; 0 when it is about none.</param>
/// <param name="Number">Which transfer.</param>
internal readonly record struct ChildMessage(ChildMessageKind Kind, int Client = 0, long Number = 0)
{
    internal const int Bytes = 16;

    internal void Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteInt32LittleEndian(bytes, (int)Kind);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[4..], Client);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[8..], Number);
    }

    internal static ChildMessage Read(ReadOnlySpan<byte> bytes) => new(
        (ChildMessageKind)BinaryPrimitives.ReadInt32LittleEndian(bytes),
        BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]), BinaryPrimitives.ReadInt64LittleEndian(bytes[8..]));
}
