namespace Sluice.Methods.Simulated;

/// <summary>Patterns of whole paths in which <c>*</c> stands for any run of characters.</summary>
internal static class FilePattern
{
    internal static bool Matches(ReadOnlySpan<char> pattern, ReadOnlySpan<char> path)
    {
        int star = -1;
        int restart = 0;
        int inPattern = 0;
        int inPath = 0;
        while (inPath < path.Length)
        {
            if (inPattern < pattern.Length && pattern[inPattern] == '*')
            {
                star = inPattern++;
                restart = inPath;
            }
            else if (inPattern < pattern.Length && pattern[inPattern] == path[inPath])
            {
                inPattern++;
                inPath++;
            }
            else if (star >= 0)
            {
                inPattern = star + 1;
                inPath = ++restart;
            }
            else
            {
                return false;
            }
        }

        while (inPattern < pattern.Length && pattern[inPattern] == '*') inPattern++;
        return inPattern == pattern.Length;
    }
}
