namespace Sluice;

/// <summary>
/// Names the class that the generator emits for an assembly's targets and callbacks, by which a host registers all of
/// them in one line. Without it the class is called after the assembly: <c>My.App</c> gives <c>My.App.MyAppAioModule</c>.
/// </summary>
/// <param name="fullName">Namespace and name of the class to emit.</param>
[AttributeUsage(AttributeTargets.Assembly)]
public sealed class AioModuleAttribute(string fullName) : Attribute
{
    /// <summary>Namespace and name of the class to emit.</summary>
    public string FullName { get; } = fullName;
}
