using Microsoft.Extensions.Options;

namespace Sluice.Hosting;

/// <summary>Finds every mistake in the options, at the start of the host; each is one line that begins with its key.</summary>
internal sealed class SluiceOptionsValidator : IValidateOptions<SluiceOptions>
{
    public ValidateOptionsResult Validate(string? name, SluiceOptions options)
    {
        List<string> mistakes = [.. options.ConfigurationMistakes];
        mistakes.AddRange(options.ToSystemOptions().Validate().Select(mistake => options.KeyPrefix + mistake));
        if (options.UnloadTimeout < TimeSpan.Zero)
        {
            string key = options.KeyPrefix + nameof(SluiceOptions.UnloadTimeout);
            mistakes.Add($"{key} is {options.UnloadTimeout}: give a time that is not negative.");
        }

        for (int index = 0; index < options.PluginDirectories.Count; index++)
        {
            string directory = options.PluginDirectories[index];
            string key = $"{options.KeyPrefix}{nameof(SluiceOptions.PluginDirectories)}:{index}";
            if (string.IsNullOrWhiteSpace(directory))
            {
                mistakes.Add($"{key} is empty: give a folder, or remove it.");
            }
            else if (!Directory.Exists(directory))
            {
                mistakes.Add($"{key} is '{directory}', which is no folder: make it, or correct the path.");
            }
        }

        return mistakes.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(mistakes);
    }
}
