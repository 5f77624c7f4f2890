namespace Sluice.Storage.Tests.Buffers.Support;

/// <summary>One operation of a read of many blocks, as the acceptance list shows them.</summary>
internal readonly record struct ReadRow(int Offset, uint Block, bool NeedsIo, bool IsForeign, int BlockCount)
{
    public override string ToString() => $"{Offset}/{Block}/{(IsForeign ? "foreign" : NeedsIo ? "io" : "hit")}/{BlockCount}";
}
