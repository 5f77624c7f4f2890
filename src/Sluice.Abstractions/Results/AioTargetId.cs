namespace Sluice;

/// <summary>
/// The one-byte name of a kind of target in this process. Zero is no target. The generator's <c>TargetId</c> property of a
/// target struct gives it; it is assigned when the module that holds the target is first registered.
/// </summary>
/// <param name="value">The number.</param>
public readonly struct AioTargetId(byte value) : IEquatable<AioTargetId>
{
    /// <summary>The number; 0 is no target.</summary>
    public byte Value { get; } = value;

    /// <inheritdoc/>
    public bool Equals(AioTargetId other) => Value == other.Value;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is AioTargetId other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => Value;

    /// <summary>Whether both name the same kind of target.</summary>
    public static bool operator ==(AioTargetId left, AioTargetId right) => left.Equals(right);

    /// <summary>Whether they name different kinds of target.</summary>
    public static bool operator !=(AioTargetId left, AioTargetId right) => !left.Equals(right);
}
