namespace Sluice;

/// <summary>
/// The one-byte name of a callback in this process. Zero is the runtime itself. The generator's <c>Id</c> property of a
/// callback class gives it; it is assigned when the module that holds the callback is first registered.
/// </summary>
/// <param name="value">The number.</param>
public readonly struct AioCallbackId(byte value) : IEquatable<AioCallbackId>
{
    /// <summary>The number; 0 is the runtime itself.</summary>
    public byte Value { get; } = value;

    /// <inheritdoc/>
    public bool Equals(AioCallbackId other) => Value == other.Value;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is AioCallbackId other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => Value;

    /// <summary>Whether both name the same callback.</summary>
    public static bool operator ==(AioCallbackId left, AioCallbackId right) => left.Equals(right);

    /// <summary>Whether they name different callbacks.</summary>
    public static bool operator !=(AioCallbackId left, AioCallbackId right) => !left.Equals(right);
}
