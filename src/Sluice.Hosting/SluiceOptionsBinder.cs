using System.Globalization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace Sluice.Hosting;

/// <summary>
/// Reads the section. By hand and not by the general binder, which stops at the first mistake and passes over a key it does not
/// know: here each mistake is found, and a misspelt key is one.
/// </summary>
internal sealed class SluiceOptionsBinder(IConfiguration? section) : IConfigureOptions<SluiceOptions>
{
    private static readonly string[] s_known =
    [
        nameof(SluiceOptions.Method), nameof(SluiceOptions.HandlesPerContext), nameof(SluiceOptions.VectorsPerHandle),
        nameof(SluiceOptions.ContextsMax), nameof(SluiceOptions.SharedContexts), nameof(SluiceOptions.UnloadTimeout),
        nameof(SluiceOptions.PluginDirectories), nameof(SluiceOptions.MethodSettings),
    ];

    public void Configure(SluiceOptions options)
    {
        if (section is null) return;
        options.KeyPrefix = section is IConfigurationSection { Path: string path } ? path + ":" : "";
        foreach (IConfigurationSection child in section.GetChildren()) Read(child, options);
    }

    private static void Read(IConfigurationSection child, SluiceOptions options)
    {
        string? known = s_known.FirstOrDefault(name => string.Equals(name, child.Key, StringComparison.OrdinalIgnoreCase));
        switch (known)
        {
            case nameof(SluiceOptions.Method):
                options.Method = child.Value ?? "";
                break;
            case nameof(SluiceOptions.HandlesPerContext):
                options.HandlesPerContext = Number(child, options, options.HandlesPerContext);
                break;
            case nameof(SluiceOptions.VectorsPerHandle):
                options.VectorsPerHandle = Number(child, options, options.VectorsPerHandle);
                break;
            case nameof(SluiceOptions.ContextsMax):
                options.ContextsMax = Number(child, options, options.ContextsMax);
                break;
            case nameof(SluiceOptions.SharedContexts):
                options.SharedContexts = Number(child, options, options.SharedContexts);
                break;
            case nameof(SluiceOptions.UnloadTimeout):
                options.UnloadTimeout = Time(child, options, options.UnloadTimeout);
                break;
            case nameof(SluiceOptions.PluginDirectories):
                ReadDirectories(child, options);
                break;
            case nameof(SluiceOptions.MethodSettings):
                ReadMethodSettings(child, options);
                break;
            default:
                options.ConfigurationMistakes.Add($"{child.Path} is not known: remove it, or write one of {string.Join(", ", s_known)}.");
                break;
        }
    }

    private static int Number(IConfigurationSection child, SluiceOptions options, int fallback)
    {
        if (int.TryParse(child.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value)) return value;
        options.ConfigurationMistakes.Add($"{child.Path} is '{child.Value}': give a whole number.");
        return fallback;
    }

    private static TimeSpan Time(IConfigurationSection child, SluiceOptions options, TimeSpan fallback)
    {
        if (TimeSpan.TryParse(child.Value, CultureInfo.InvariantCulture, out TimeSpan value)) return value;
        options.ConfigurationMistakes.Add($"{child.Path} is '{child.Value}': give a time, such as 00:00:10.");
        return fallback;
    }

    private static void ReadDirectories(IConfigurationSection child, SluiceOptions options)
    {
        if (!string.IsNullOrEmpty(child.Value))
        {
            options.ConfigurationMistakes.Add($"{child.Path} is '{child.Value}': give a list, such as {child.Path}:0 = {child.Value}.");
            return;
        }

        foreach (IConfigurationSection entry in child.GetChildren()) options.PluginDirectories.Add(entry.Value ?? "");
    }

    private static void ReadMethodSettings(IConfigurationSection child, SluiceOptions options)
    {
        foreach (IConfigurationSection method in child.GetChildren())
        {
            if (method.Value is not null)
            {
                options.ConfigurationMistakes.Add(
                    $"{method.Path} is '{method.Value}': give settings below it, such as {method.Path}:max_workers.");
                continue;
            }

            Dictionary<string, string> settings = new(StringComparer.OrdinalIgnoreCase);
            foreach (IConfigurationSection setting in method.GetChildren())
            {
                if (setting.Value is null) options.ConfigurationMistakes.Add($"{setting.Path} has no value: give one, or remove it.");
                else settings[setting.Key] = setting.Value;
            }

            options.MethodSettings[method.Key] = settings;
        }
    }
}
