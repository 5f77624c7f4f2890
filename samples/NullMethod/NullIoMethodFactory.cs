using NullMethod;
using Sluice.Methods;

[assembly: IoMethodPlugin("null", typeof(NullIoMethodFactory), IoContract.Major, IoContract.Minor)]

namespace NullMethod;

/// <summary>Makes the method. The host finds this class through the attribute above.</summary>
public sealed class NullIoMethodFactory : IIoMethodFactory
{
    /// <summary>Nothing can keep this method from working.</summary>
    public IoMethodAvailability Probe(IoMethodSettings settings) => IoMethodAvailability.Available;

    /// <summary>Makes the method; refuses settings, because it has none.</summary>
    public IoMethod Create(IoMethodSettings settings)
    {
        settings.RefuseUnknown();
        return new NullIoMethod();
    }
}
