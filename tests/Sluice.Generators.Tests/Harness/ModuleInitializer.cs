using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace Sluice.Generators.Tests.Harness;

internal static partial class ModuleInitializer
{
    [ModuleInitializer]
    public static void Initialize()
    {
        VerifySourceGenerators.Initialize();
        VerifierSettings.ScrubLinesWithReplace(
            static line => Version().Replace(line, "GeneratedCode(\"Sluice.Generators\", \"{version}\")"));
    }

    [GeneratedRegex("""GeneratedCode\("Sluice\.Generators", "[^"]*"\)""")]
    private static partial Regex Version();
}
