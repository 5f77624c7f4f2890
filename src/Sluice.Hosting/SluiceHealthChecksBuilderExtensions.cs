using Microsoft.Extensions.Diagnostics.HealthChecks;
using Sluice;
using Sluice.Hosting;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds the health of Sluice to the host's health checks.</summary>
public static class SluiceHealthChecksBuilderExtensions
{
    /// <summary>
    /// Adds a check of the host's <see cref="AioSystem"/>. Unhealthy: the method or a callback threw, a flush failed, or a small
    /// read through the method fails or does not complete in time. Degraded: the method completed I/O twice or refused some, or a
    /// plugin leaked. That <c>auto</c> passed a method over is healthy, and told in the data.
    /// </summary>
    /// <param name="builder">The host's health checks.</param>
    /// <param name="name">The check's name.</param>
    /// <param name="failureStatus">What to report instead of unhealthy; null for unhealthy.</param>
    /// <param name="tags">Tags of the check.</param>
    /// <param name="configure">Sets what is read and how long it may take; null for the defaults.</param>
    /// <returns>The host's health checks.</returns>
    public static IHealthChecksBuilder AddSluice(
        this IHealthChecksBuilder builder,
        string name = "sluice",
        HealthStatus? failureStatus = null,
        IEnumerable<string>? tags = null,
        Action<SluiceHealthCheckOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        SluiceHealthCheckOptions options = new();
        configure?.Invoke(options);
        SluiceHealthCheck? check = null;

        // One for the life of the host: it remembers a read that did not come back.
        return builder.Add(new HealthCheckRegistration(name, Make, failureStatus, tags));

        SluiceHealthCheck Make(IServiceProvider services) => LazyInitializer.EnsureInitialized(
            ref check, () => new SluiceHealthCheck(services.GetRequiredService<AioSystem>(), options));
    }
}
