using Sluice.Wal;

namespace Sluice.Tool.Wal;

/// <summary>What the command line asks for.</summary>
internal sealed record WalBenchRequest
{
    internal required WalWorkload Workload { get; init; }

    internal required string Method { get; init; }

    internal required string Mode { get; init; }

    internal required int Clients { get; init; }

    internal required int RecordBytes { get; init; }

    internal required double Seconds { get; init; }

    internal required string Folder { get; init; }

    internal required long SizeBytes { get; init; }

    internal required int Pages { get; init; }

    internal required WalOptions Options { get; init; }
}
