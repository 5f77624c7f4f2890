using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using Sluice.Conformance.Support;

namespace Sluice.Conformance;

/// <summary>
/// The suite that every io_method must pass. Derive a public class, say which method, and all tests are yours. Where the system
/// does not let the method work, each test instead asserts that the refusal has a reason.
/// </summary>
public abstract partial class IoMethodConformance
{
    private static readonly ConcurrentDictionary<string, string> s_refusals = new();

    /// <summary>The method.</summary>
    protected abstract ConformanceMethod Method { get; }

    /// <summary>The soak runs sixteen times as many operations; off unless SLUICE_SOAK is 1.</summary>
    protected static bool IsSoak => Environment.GetEnvironmentVariable("SLUICE_SOAK") == "1";

    /// <summary>Runs a test under the watchdog: a hang becomes a failure that shows what was in flight.</summary>
    protected void Run(Action<ConformanceRun> body, int patienceSeconds = 120)
    {
        ArgumentNullException.ThrowIfNull(body);
        ConformanceMethod method = Method;
        string refusal = s_refusals.GetOrAdd(
            method.Name, static (_, method) => method.CreateCatalog().Get(method.Name).Probe(SettingsOf(method)).Reason ?? "", method);
        if (refusal.Length > 0)
        {
            Assert.DoesNotContain('\n', refusal);
            Assert.True(refusal.Length > 20, $"The reason says nothing: {refusal}");
            return;
        }

        ConformanceRun run = new(method);
        Exception? failure = null;
        Thread thread = new(() =>
        {
            try
            {
                using (run) body(run);
            }
            catch (Exception exception)
            {
                failure = exception;
            }
        })
        { IsBackground = true, Name = "conformance" };
        thread.Start();
        if (!thread.Join(TimeSpan.FromSeconds(patienceSeconds)))
        {
            run.IsAbandoned = true;
            Assert.Fail($"The test hangs.{Environment.NewLine}{run.Dump()}");
        }

        if (failure is not null) ExceptionDispatchInfo.Throw(failure);
    }

    /// <summary>Runs an asynchronous test under the watchdog.</summary>
    protected void RunAsync(Func<ConformanceRun, Task> body, int patienceSeconds = 120) =>
        Run(run => body(run).GetAwaiter().GetResult(), patienceSeconds);

    private static IoMethodSettings SettingsOf(ConformanceMethod method) => new()
    {
        ContextsMax = 4,
        HandlesPerContext = 8,
        Values = method.Settings,
    };
}
