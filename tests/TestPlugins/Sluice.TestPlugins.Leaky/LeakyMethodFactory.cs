using Sluice.Methods;
using Sluice.TestPlugins;

[assembly: IoMethodPlugin("leaky", typeof(LeakyMethodFactory), IoContract.Major, IoContract.Minor)]

namespace Sluice.TestPlugins;

/// <summary>
/// Keeps itself alive in the way the setting <c>leak</c> says: <c>event</c>, an event of the framework that it never lets go of;
/// <c>thread</c>, a thread that it never ends; <c>none</c>. The thread ends when the process data named by the setting
/// <c>release</c> is an event that is set: a leak that stops later.
/// </summary>
public sealed class LeakyMethodFactory : IIoMethodFactory
{
    public IoMethodAvailability Probe(IoMethodSettings settings) => IoMethodAvailability.Available;

    public IoMethod Create(IoMethodSettings settings)
    {
        var method = new LeakyMethod();
        switch (settings.Values.GetValueOrDefault("leak", "event"))
        {
            case "event":
                AppDomain.CurrentDomain.ProcessExit += method.OnExit;
                break;
            case "thread":
                var release = (ManualResetEvent)AppDomain.CurrentDomain.GetData(settings.Values["release"])!;
                new Thread(() => release.WaitOne()) { IsBackground = true }.Start();
                break;
        }

        return method;
    }

    private sealed class LeakyMethod() : InlineMethod("leaky")
    {
        public void OnExit(object? sender, EventArgs args)
        {
        }
    }
}
