using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Sluice;
using Sluice.Hosting;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds Sluice to the services of a host.</summary>
public static class SluiceServiceCollectionExtensions
{
    /// <summary>
    /// Adds the host's <see cref="AioSystem"/>, made when the host starts and drained when it has stopped. Reads the section
    /// <c>Sluice</c> of the host's configuration, if it has one, and checks it at the start.
    /// </summary>
    /// <param name="services">The host's services.</param>
    /// <param name="configure">Sets options in code, after the configuration was read; null for none.</param>
    /// <returns>Adds targets, callbacks and linked methods.</returns>
    /// <exception cref="InvalidOperationException">It was added before: a host has one system.</exception>
    public static SluiceBuilder AddSluice(this IServiceCollection services, Action<SluiceOptions>? configure = null) =>
        Add(services, static provider => provider.GetService<IConfiguration>()?.GetSection(SluiceOptions.SectionName), configure);

    /// <summary>As the other overload, reading a section of the caller's choice.</summary>
    /// <param name="services">The host's services.</param>
    /// <param name="section">The section that has <c>Method</c> and the other keys.</param>
    /// <param name="configure">Sets options in code, after the configuration was read; null for none.</param>
    /// <returns>Adds targets, callbacks and linked methods.</returns>
    /// <exception cref="InvalidOperationException">It was added before: a host has one system.</exception>
    public static SluiceBuilder AddSluice(this IServiceCollection services, IConfiguration section, Action<SluiceOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(section);
        return Add(services, _ => section, configure);
    }

    private static SluiceBuilder Add(
        IServiceCollection services, Func<IServiceProvider, IConfiguration?> section, Action<SluiceOptions>? configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        if (services.Any(static descriptor => descriptor.ServiceType == typeof(AioSystem)))
        {
            throw new InvalidOperationException(
                "AddSluice was called before, or an AioSystem was added: a host has one. Use the builder that the first call returned.");
        }

        services.AddSingleton<IConfigureOptions<SluiceOptions>>(provider => new SluiceOptionsBinder(section(provider)));
        OptionsBuilder<SluiceOptions> options = services.AddOptions<SluiceOptions>();
        if (configure is not null) options.Configure(configure);
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<SluiceOptions>, SluiceOptionsValidator>());
        options.ValidateOnStart();
        services.AddSingleton(SluiceSystemFactory.Start);
        services.AddSingleton<IHostedService, SluiceHostedService>();
        return new SluiceBuilder(services);
    }
}
