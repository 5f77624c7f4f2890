namespace Sluice.TestPlugins.PrivateDependency.Library;

public static class Secret
{
    public static string Text => "from the private dependency";
}
