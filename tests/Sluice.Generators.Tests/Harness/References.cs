using System.Reflection;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Sluice.Methods;

namespace Sluice.Generators.Tests.Harness;

/// <summary>What sources under test are compiled against: the framework, the contracts and the runtime.</summary>
internal static class References
{
    private static readonly string[] s_framework =
    [
        "System.Private.CoreLib.dll", "System.Runtime.dll", "System.Collections.dll", "System.Threading.dll", "System.Threading.Thread.dll",
        "System.Threading.Tasks.dll", "System.Threading.Tasks.Parallel.dll", "System.Memory.dll", "System.Runtime.InteropServices.dll",
    ];

    private static readonly Lazy<MetadataReference[]> s_contracts = new(static () =>
    [
        .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!)
            .Split(Path.PathSeparator)
            .Where(static path => s_framework.Contains(Path.GetFileName(path)))
            .Select(static path => MetadataReference.CreateFromFile(path)),
        MetadataReference.CreateFromFile(typeof(IoVector).Assembly.Location),
    ]);

    private static readonly Lazy<MetadataReference[]> s_all = new(static () => [.. s_contracts.Value, Runtime()]);

    public static IReadOnlyList<MetadataReference> All => s_all.Value;

    /// <summary>The real runtime; a stub of its surface as long as it is not there.</summary>
    private static MetadataReference Runtime()
    {
        string path = Path.Combine(AppContext.BaseDirectory, "Sluice.dll");
        if (File.Exists(path))
        {
            return MetadataReference.CreateFromFile(path);
        }

        using StreamReader reader = new(typeof(References).Assembly.GetManifestResourceStream("Runtime")!);
        CSharpCompilation stub = CSharpCompilation.Create(
            "Sluice", [CSharpSyntaxTree.ParseText(reader.ReadToEnd())], s_contracts.Value, new CSharpCompilationOptions(
                OutputKind.DynamicallyLinkedLibrary));
        using MemoryStream image = new();
        Assert.True(stub.Emit(image).Success);
        byte[] bytes = image.ToArray();
        AppDomain.CurrentDomain.AssemblyResolve += (_, request) => request.Name.StartsWith("Sluice,", StringComparison.Ordinal)
            ? Assembly.Load(bytes) : null;
        return MetadataReference.CreateFromImage(bytes);
    }
}
