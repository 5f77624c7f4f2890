namespace VerifyTests;

/// <summary>A snapshot differs from the verified file, is new, or is not produced any more.</summary>
/// <param name="message">What differs, with both texts.</param>
public sealed class VerifyException(string message) : Exception(message);
