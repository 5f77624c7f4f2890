namespace Sluice.Storage.Tests.Support;

/// <summary>What a piece of code allocates on its thread.</summary>
internal static class Allocated
{
    private const int Rounds = 5;

    /// <summary>
    /// The least of several rounds, in bytes: what the code allocates it allocates in each. A collection that another test causes in the midst of one
    /// round counts what was left of the thread's allocation window as well.
    /// </summary>
    /// <param name="code">The code; ran before, so that all of it is warm.</param>
    internal static long LeastOf(Action code)
    {
        long least = long.MaxValue;
        for (int round = 0; round < Rounds; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            code();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }
}
