using Microsoft.CodeAnalysis;
using Sluice.Methods;

namespace Sluice.Generators.Tests.Harness;

/// <summary>What sources under test are compiled against: the framework, the contracts, the runtime and the log.</summary>
internal static class References
{
    private static readonly string[] s_framework =
    [
        "System.Private.CoreLib.dll", "System.Runtime.dll", "System.Collections.dll", "System.Threading.dll", "System.Threading.Thread.dll",
        "System.Threading.Tasks.dll", "System.Threading.Tasks.Parallel.dll", "System.Memory.dll", "System.Runtime.InteropServices.dll",
    ];

    private static readonly Lazy<MetadataReference[]> s_all = new(static () =>
    [
        .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!)
            .Split(Path.PathSeparator)
            .Where(static path => s_framework.Contains(Path.GetFileName(path)))
            .Select(static path => MetadataReference.CreateFromFile(path)),
        MetadataReference.CreateFromFile(typeof(IoVector).Assembly.Location),
        MetadataReference.CreateFromFile(typeof(AioHandle).Assembly.Location),
        MetadataReference.CreateFromFile(typeof(Sluice.Storage.LogPosition).Assembly.Location),
        MetadataReference.CreateFromFile(typeof(Sluice.Wal.LogRecord).Assembly.Location),
    ]);

    public static IReadOnlyList<MetadataReference> All => s_all.Value;
}
