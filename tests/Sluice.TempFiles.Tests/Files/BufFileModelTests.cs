using Sluice.TempFiles.Tests.Support;

namespace Sluice.TempFiles.Tests.Files;

/// <summary>Writers, readers, truncation and appending against an array in memory, with tiny pieces and buffers.</summary>
public sealed class BufFileModelTests
{
    [Theory]
    [MemberData(nameof(TestRun.Methods), MemberType = typeof(TestRun))]
    public void WhatIsWrittenAnywhereIsReadFromAnywhere(string method) => TestRun.WithinWatchdog(() =>
    {
        for (int seed = 0; seed < 12; seed++)
        {
            using TestRun run = TestRun.Start(method, seed: (ulong)seed + 1);
            Play(run, seed, isDirect: seed % 3 == 2 && method != "simulated");
        }
    });

    [Theory]
    [InlineData("sync")]
    [InlineData("io_uring")]
    [InlineData("simulated")]
    public void ShortAndDelayedTransfersAreContinuedToTheirEnd(string method) => TestRun.WithinWatchdog(() =>
    {
        for (int seed = 20; seed < 26; seed++)
        {
            using TestRun run = TestRun.StartDisturbed(method, seed, delayed: 0.3, shortened: 0.5, replace: Draw);
            Play(run, seed, isDirect: seed % 2 == 1 && method != "simulated");
        }
    });

    // A short direct transfer is a whole number of blocks, as the kernel's are.
    private static int Draw(Random random, int result)
    {
        if (result <= 1) return result;
        int cut = random.Next(1, result);
        return result % 4096 == 0 ? Math.Max(cut / 4096 * 4096, Math.Min(4096, result)) : cut;
    }

    private static void Play(TestRun run, int seed, bool isDirect)
    {
        Random random = new(seed);
        using TempSpace space = run.OpenSpace(new TempSpaceOptions { PieceBytes = 4096 * random.Next(1, 6), Direct = isDirect });
        TempOwner owner = space.CreateOwner("model");
        using AioContext context = run.System.CreateContext();
        using (BufFile file = space.CreateFile(owner))
        {
            byte[] model = new byte[200_000];
            int length = 0;
            using BufFileWriter writer = new(context, file, 0, 4096 * random.Next(1, 4), random.Next(1, 5));
            using BufFileReader reader = new(context, file, 0, 4096 * random.Next(1, 4), random.Next(1, 5));
            for (int step = 0; step < 150; step++)
            {
                switch (random.Next(6))
                {
                    case 0 or 1 or 2:
                        byte[] data = new byte[random.Next(1, random.Next(2) == 0 ? 200 : 9000)];
                        random.NextBytes(data);
                        if (writer.Position + data.Length > model.Length) break;
                        data.CopyTo(model, writer.Position);
                        writer.Write(data);
                        length = Math.Max(length, (int)writer.Position);
                        break;
                    case 3:
                        writer.Flush();
                        if (!isDirect) Assert.Equal(length, file.LengthBytes);
                        byte[] back = new byte[random.Next(1, 20_000)];
                        int from = random.Next(length + 1);
                        if (random.Next(2) == 0) reader.Seek(from);
                        else from = (int)reader.Position;

                        // A reader keeps what it read ahead; what was written over since is another reader's business.
                        using (BufFileReader fresh = new(context, file, from, 4096, 2))
                        {
                            int count = fresh.Read(back);
                            Assert.Equal(Math.Clamp(length - from, 0, back.Length), count);
                            Assert.True(model.AsSpan(from, count).SequenceEqual(back.AsSpan(0, count)), $"Seed {seed}, step {step}.");
                        }

                        break;
                    case 4 when random.Next(4) == 0:
                        writer.Seek(random.Next(length + 1));
                        break;
                    case 5 when random.Next(8) == 0:
                        writer.Flush();
                        length = random.Next(length + 1);
                        file.Truncate(length);
                        writer.Seek(Math.Min(writer.Position, length));
                        break;
                }
            }

            writer.Flush();
            byte[] all = new byte[length + 1];
            reader.Seek(0);
            using BufFileReader last = new(context, file, 0, 8192, 3);
            Assert.Equal(length, last.Read(all));
            Assert.True(model.AsSpan(0, length).SequenceEqual(all.AsSpan(0, length)));
            Assert.Equal(owner.UsedBytes, file.LengthBytes);
        }

        Assert.Equal(0, space.UsedBytes);
        Assert.Equal(0, owner.FileCount);
        run.ExpectNothingLeft();
    }
}
