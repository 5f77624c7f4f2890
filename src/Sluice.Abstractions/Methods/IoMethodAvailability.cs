namespace Sluice.Methods;

/// <summary>Whether an io_method can work here, and if not, why and what an operator can do about it.</summary>
public readonly record struct IoMethodAvailability
{
    private IoMethodAvailability(string? reason) => Reason = reason;

    /// <summary>One line: why not, and what to do. Null when available.</summary>
    public string? Reason { get; }

    /// <summary>Whether it can work here.</summary>
    public bool IsAvailable => Reason is null;

    /// <summary>It can work here.</summary>
    public static IoMethodAvailability Available => default;

    /// <summary>It cannot work here.</summary>
    /// <param name="reason">One line: why not, and what to do.</param>
    public static IoMethodAvailability Unavailable(string reason) => new(reason);
}
