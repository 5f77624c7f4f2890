using Microsoft.Extensions.DependencyInjection;

namespace Sluice.Hosting;

/// <summary>What became of one type that a scan met: what it was registered as, or why it was skipped.</summary>
/// <param name="Type">The type that was met.</param>
/// <param name="ServiceType">What it serves as: <see cref="AioModule"/> or <see cref="Methods.IIoMethodFactory"/>.</param>
/// <param name="Lifetime">How long an instance lives; null when it was skipped.</param>
/// <param name="SkippedBecause">Why it was skipped, in one line; null when it was registered.</param>
public sealed record SluiceScanEntry(Type Type, Type ServiceType, ServiceLifetime? Lifetime, string? SkippedBecause)
{
    /// <inheritdoc/>
    public override string ToString() => SkippedBecause is null
        ? $"{Type.FullName} -> {ServiceType.Name}, {Lifetime}"
        : $"{Type.FullName} -> {ServiceType.Name}, skipped: {SkippedBecause}";
}
