namespace Sluice.Tool.Sort;

/// <summary>How a key is compared.</summary>
internal enum KeyType
{
    /// <summary>Byte by byte.</summary>
    Bytes,

    /// <summary>As a decimal number of any length, without an exponent.</summary>
    Numeric,

    /// <summary>As a floating-point number, as strtold reads it.</summary>
    General,

    /// <summary>As a decimal number with a suffix such as K or M.</summary>
    Human,

    /// <summary>As the first three letters of a month's English name.</summary>
    Month,

    /// <summary>As a version: runs of digits as numbers, and what looks like a file's suffix last.</summary>
    Version,

    /// <summary>By chance, but equal keys together.</summary>
    Random,
}
