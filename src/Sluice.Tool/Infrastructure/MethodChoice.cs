using Sluice.Methods;
using Sluice.Plugins;

namespace Sluice.Tool.Infrastructure;

/// <summary>Checks the name of an io_method before anything is started.</summary>
internal static class MethodChoice
{
    /// <summary>Finds the plugins beside the tool, and refuses a name that is neither of one of them nor <c>auto</c>.</summary>
    /// <param name="name">The name, as the user gave it.</param>
    /// <returns>A catalog, for one system.</returns>
    /// <exception cref="UsageException">There is no such method; the line lists those there are, with their states.</exception>
    internal static IoMethodCatalog Require(string name)
    {
        IoMethodCatalog catalog = new IoMethodCatalog().Discover();
        if (name == IoMethodSelector.Auto) return catalog;
        try
        {
            catalog.Get(name);
            return catalog;
        }
        catch (IoMethodException exception)
        {
            throw new UsageException(exception.Message);
        }
    }

    /// <summary>Refuses the method that moves no data, where data matters.</summary>
    /// <param name="name">The name, as the user gave it.</param>
    /// <exception cref="UsageException">It is that method.</exception>
    internal static void RequireReal(string name)
    {
        if (name != "null") return;
        throw new UsageException("io_method 'null' moves no data, it only measures what the runtime costs: choose another one (see 'sluice methods').");
    }
}
