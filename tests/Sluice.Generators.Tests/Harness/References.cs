using System.Reflection;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Sluice.Methods;

namespace Sluice.Generators.Tests.Harness;

/// <summary>What sources under test are compiled against: the framework, the contracts and the runtime.</summary>
internal static class References
{
    private static readonly Lazy<MetadataReference[]> s_contracts = new(static () =>
    [
        .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!)
            .Split(Path.PathSeparator)
            .Where(static path => Path.GetFileName(path).StartsWith("System.", StringComparison.Ordinal) || Path.GetFileName(path) is "netstandard.dll" or "mscorlib.dll")
            .Select(static path => MetadataReference.CreateFromFile(path)),
        MetadataReference.CreateFromFile(typeof(IoVector).Assembly.Location),
    ]);

    private static readonly Lazy<MetadataReference[]> s_all = new(static () => [.. s_contracts.Value, Runtime()]);

    public static IReadOnlyList<MetadataReference> All => s_all.Value;

    /// <summary>The real runtime; a stub of its surface as long as it is not there.</summary>
    private static MetadataReference Runtime()
    {
        Assembly runtime = Assembly.Load("Sluice");
        if (runtime.GetType("Sluice.AioHandle") is not null)
        {
            return MetadataReference.CreateFromFile(runtime.Location);
        }

        using StreamReader reader = new(typeof(References).Assembly.GetManifestResourceStream("Runtime")!);
        CSharpCompilation stub = CSharpCompilation.Create(
            "Sluice", [CSharpSyntaxTree.ParseText(reader.ReadToEnd())], s_contracts.Value, new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary));
        using MemoryStream image = new();
        Assert.True(stub.Emit(image).Success);
        return MetadataReference.CreateFromImage(image.ToArray());
    }
}
