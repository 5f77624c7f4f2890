using Sluice.Methods;

namespace Sluice.Hosting;

/// <summary>An io_method that is linked into the host.</summary>
internal sealed record LinkedIoMethod(string Name, IIoMethodFactory Factory);
