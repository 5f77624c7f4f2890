namespace Sluice;

/// <summary>What a file is opened for.</summary>
[Flags]
public enum IoAccess
{
    /// <summary>Reading.</summary>
    Read = 1,

    /// <summary>Writing.</summary>
    Write = 2,

    /// <summary>Both.</summary>
    ReadWrite = Read | Write,
}
