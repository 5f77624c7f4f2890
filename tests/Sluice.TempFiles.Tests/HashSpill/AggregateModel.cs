using System.Runtime.InteropServices;
using Sluice.TempFiles.Tests.Support;

namespace Sluice.TempFiles.Tests.HashSpill;

/// <summary>
/// Collects the numbers of rows by key, with keys that are strings and states that are lists; and says what should come out.
/// </summary>
internal sealed class AggregateModel : IAggregator<Row, string, List<int>>, ITempCodec<List<int>>
{
    private readonly Dictionary<string, List<int>> _expected = [];

    /// <summary>How keys become hashes.</summary>
    internal Func<int, ulong> HashOf { get; init; } = static key => (ulong)key;

    internal Action? BeforeAll { get; init; }

    /// <summary>How many states were combined.</summary>
    internal int Combined { get; private set; }

    public string KeyOf(in Row input) => $"{input.Key:D8}" + new string('x', input.Length);

    public ulong Hash(in string key) => HashOf(int.Parse(key.AsSpan(0, 8), null));

    public bool AreEqual(in string one, in string other)
    {
        BeforeAll?.Invoke();
        return one == other;
    }

    public List<int> Start(in Row input) => [input.Id];

    public void Accumulate(ref List<int> state, in Row input)
    {
        BeforeAll?.Invoke();
        state.Add(input.Id);
    }

    public void Combine(ref List<int> state, in List<int> other)
    {
        BeforeAll?.Invoke();
        Combined++;
        state.AddRange(other);
    }

    public int GetMemoryBytes(in List<int> state) => 64 + (sizeof(int) * state.Capacity);

    public int Encode(List<int> value, Span<byte> destination)
    {
        BeforeAll?.Invoke();
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(value));
        return bytes.TryCopyTo(destination) ? bytes.Length : -1;
    }

    public List<int> Decode(ReadOnlySpan<byte> record)
    {
        List<int> list = [];
        CollectionsMarshal.SetCount(list, record.Length / sizeof(int));
        record.CopyTo(MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(list)));
        return list;
    }

    internal HashAggregate<Row, string, List<int>> Make(
        AioContext context, TempOwner owner, long memoryBytes, CancellationToken token = default) =>
        new(context, owner, Utf8Codec.Instance, this, this, new HashSpillOptions { MemoryBytes = memoryBytes }, token);

    internal void Add(HashAggregate<Row, string, List<int>> aggregate, Row row)
    {
        string key = KeyOf(row);
        if (!_expected.TryGetValue(key, out List<int>? list)) _expected[key] = list = [];
        list.Add(row.Id);
        aggregate.Add(row);
    }

    internal void FinishAndExpect(HashAggregate<Row, string, List<int>> aggregate)
    {
        int count = 0;
        aggregate.Finish((in string key, in List<int> state) =>
        {
            BeforeAll?.Invoke();
            Assert.True(_expected.TryGetValue(key, out List<int>? expected), "A group came that was not put in.");
            List<int> found = [.. state];
            expected.Sort();
            found.Sort();
            Assert.True(expected.SequenceEqual(found), "A group has other records than the model.");
            count++;
        });
        Assert.Equal(_expected.Count, count);
    }
}
