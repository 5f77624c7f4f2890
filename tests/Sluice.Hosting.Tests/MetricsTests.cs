using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text.RegularExpressions;
using Sluice.Hosting.Tests.Support;

namespace Sluice.Hosting.Tests;

/// <summary>The metrics are as documented: names, units, tags.</summary>
public sealed partial class MetricsTests
{
    [Fact]
    public async Task NamesUnitsAndTagsStay()
    {
        await using TestHost host = await TestHost.StartScriptedAsync();
        await ReadAsync(host);
        SortedSet<string> lines = new(StringComparer.Ordinal);
        Collect((instrument, _, tags) =>
        {
            string keys = string.Join(", ", tags.ToArray().Select(static tag => tag.Key));
            lines.Add(string.Create(CultureInfo.InvariantCulture, $"{instrument.Name} [{instrument.Unit}] {Kind(instrument)} ({keys})"));
        });
        await Verifier.Verify(string.Join('\n', lines));
    }

    [Fact]
    public async Task TheCountsAreThoseOfTheSystem()
    {
        await using TestHost host = await TestHost.StartScriptedAsync();
        await ReadAsync(host);
        long operations = 0;
        long bytes = 0;
        Collect((instrument, value, tags) =>
        {
            // Other tests may run systems of their own at the same time; only this one has done with a method named so.
            string text = string.Join(';', tags.ToArray().Select(static tag => $"{tag.Key}={tag.Value}"));
            if (text != "operation=read;method=scripted") return;
            if (instrument.Name == "sluice.io.operations") operations = Math.Max(operations, value);
            if (instrument.Name == "sluice.io.bytes") bytes = Math.Max(bytes, value);
        });
        Assert.Equal(1, operations);
        Assert.Equal(8192, bytes);
    }

    [Fact]
    public async Task EveryMetricIsInTheDocumentation()
    {
        await using TestHost host = await TestHost.StartScriptedAsync();
        HashSet<string> names = [];
        Collect((instrument, _, _) => names.Add(instrument.Name), instrument => names.Add(instrument.Name));
        string page = await File.ReadAllTextAsync(DocumentationPath());
        HashSet<string> documented = [.. MetricName().Matches(page).Select(static match => match.Groups[1].Value)];
        Assert.Equal(names.Order(StringComparer.Ordinal), documented.Order(StringComparer.Ordinal));
    }

    private static async Task ReadAsync(TestHost host)
    {
        using TestFile path = new();
        await using AioFile file = await AioFile.OpenAsync(host.System, path.Path);
        await file.ReadAsync(new byte[8192], 0);
    }

    private static void Collect(MeasurementCallback callback, Action<Instrument>? published = null)
    {
        using MeterListener listener = new()
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Name != "Sluice") return;
                published?.Invoke(instrument);
                listener.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => callback(instrument, value, tags));
        listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => callback(instrument, value, tags));
        listener.Start();
        listener.RecordObservableInstruments();
    }

    private static string Kind(Instrument instrument) => instrument.GetType().Name.Split('`')[0];

    private static string DocumentationPath([System.Runtime.CompilerServices.CallerFilePath] string source = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(source)!, "..", "..", "docs", "mechanisms", "observability.md"));

    [GeneratedRegex(@"^\| `(sluice\.[a-z_.]+)` \|", RegexOptions.Multiline)]
    private static partial Regex MetricName();

    private delegate void MeasurementCallback(Instrument instrument, long value, ReadOnlySpan<KeyValuePair<string, object?>> tags);
}
