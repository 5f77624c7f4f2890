namespace Sluice.Testing.Tests;

/// <summary>Files are named after the test and stand beside it. Holds for the stand-in and for Verify itself.</summary>
public class VerifierTests
{
    [Fact]
    public Task ATextIsComparedWithTheFileNamedAfterTheTest() => Verifier.Verify("one\ntwo");

    [Fact]
    public Task TheExtensionCanBeSaid() => Verifier.Verify("# one", "md");

    [Theory]
    [InlineData(1, "a/b", true)]
    public Task ArgumentsStandInTheName(int number, string text, bool flag) =>
        Verifier.Verify($"{number} {text} {flag}").UseParameters(number, text, flag);

    [Fact]
    public Task DirectoryAndMethodNameCanBeSaid() => Verifier.Verify("said").UseDirectory("Snapshots").UseMethodName("Said");

    [Fact]
    public async Task SettingsCanBePassed()
    {
        VerifySettings settings = new();
        settings.ScrubLinesWithReplace(static line => line.Replace("now", "{now}", StringComparison.Ordinal));
        await Verifier.Verify("it is now", settings);
    }

    public class Nested
    {
        [Fact]
        public Task ANestedClassStandsAfterItsContainer() => Verifier.Verify("nested");
    }
}
