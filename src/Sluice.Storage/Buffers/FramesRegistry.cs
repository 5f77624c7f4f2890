namespace Sluice.Storage;

/// <summary>The frames of the process by number, so that an I/O's data words can name a buffer of any of them. Any thread.</summary>
internal static class FramesRegistry
{
    private static readonly Lock s_lock = new();
    private static BufferFrames?[] s_frames = new BufferFrames?[16];

    internal static int Add(BufferFrames frames)
    {
        lock (s_lock)
        {
            int id = Array.IndexOf(s_frames, null);
            if (id < 0)
            {
                id = s_frames.Length;
                BufferFrames?[] grown = new BufferFrames?[id * 2];
                s_frames.CopyTo(grown, 0);
                grown[id] = frames;

                // Readers see the old array, which has all that they can ask for, or the new one.
                Volatile.Write(ref s_frames, grown);
                return id;
            }

            Volatile.Write(ref s_frames[id], frames);
            return id;
        }
    }

    internal static BufferFrames Find(int id) => Volatile.Read(ref Volatile.Read(ref s_frames)[id])!;

    internal static void Remove(int id)
    {
        lock (s_lock) Volatile.Write(ref s_frames[id], null);
    }
}
