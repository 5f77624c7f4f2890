namespace System.Runtime.CompilerServices;

/// <summary>The compiler asks for it by name to allow <see langword="init"/>; netstandard2.0 does not have it.</summary>
internal static class IsExternalInit;
