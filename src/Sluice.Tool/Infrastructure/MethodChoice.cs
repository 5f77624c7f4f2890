using Sluice.Methods;
using Sluice.Plugins;

namespace Sluice.Tool.Infrastructure;

/// <summary>Checks the name of an io_method before anything is started.</summary>
internal static class MethodChoice
{
    /// <summary>
    /// Refuses a name that is neither <c>auto</c> nor that of a plugin beside the tool. The system finds the plugins again by itself: with
    /// a catalog of its own it need not verify at its end that the plugin has gone, which takes longer than a small command does.
    /// </summary>
    /// <param name="name">The name, as the user gave it.</param>
    /// <exception cref="UsageException">There is no such method; the line lists those there are, with their states.</exception>
    internal static void Require(string name)
    {
        if (name == IoMethodSelector.Auto) return;
        try
        {
            new IoMethodCatalog().Discover().Get(name);
        }
        catch (IoMethodException exception)
        {
            throw new UsageException(exception.Message);
        }
    }

    /// <summary>Refuses, where data matters, also the methods that move no data, or move it nowhere.</summary>
    /// <param name="name">The name, as the user gave it.</param>
    /// <exception cref="UsageException">It is such a method, or there is none of this name.</exception>
    internal static void RequireReal(string name)
    {
        string? reason = name switch
        {
            "null" => "moves no data, it only measures what the runtime costs: choose another one (see 'sluice methods').",
            "simulated" => "has a disk in memory, empty at first and gone in the end: choose another one (see 'sluice methods'), "
                + "or see 'sluice simulate'.",
            _ => null,
        };
        if (reason is not null) throw new UsageException($"io_method '{name}' {reason}");
        Require(name);
    }
}
