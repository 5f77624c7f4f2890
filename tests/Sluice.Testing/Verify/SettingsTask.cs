using System.Runtime.CompilerServices;

namespace VerifyTests;

/// <summary>A verification that runs when it is awaited, and can be given settings until then.</summary>
/// <param name="settings">The settings to begin with.</param>
/// <param name="verify">The verification.</param>
public sealed class SettingsTask(VerifySettings? settings, Func<VerifySettings, Task> verify)
{
    private readonly VerifySettings _settings = new(settings);
    private Task? _task;

    /// <inheritdoc cref="VerifySettings.UseDirectory"/>
    public SettingsTask UseDirectory(string directory)
    {
        _settings.UseDirectory(directory);
        return this;
    }

    /// <inheritdoc cref="VerifySettings.UseMethodName"/>
    public SettingsTask UseMethodName(string name)
    {
        _settings.UseMethodName(name);
        return this;
    }

    /// <inheritdoc cref="VerifySettings.UseParameters"/>
    public SettingsTask UseParameters(params object?[] parameters)
    {
        _settings.UseParameters(parameters);
        return this;
    }

    /// <inheritdoc cref="VerifySettings.ScrubLinesWithReplace"/>
    public SettingsTask ScrubLinesWithReplace(Func<string, string?> replaceLine)
    {
        _settings.ScrubLinesWithReplace(replaceLine);
        return this;
    }

    /// <summary>Runs the verification, once.</summary>
    public Task ToTask() => _task ??= verify(_settings);

    /// <summary>Makes it awaitable.</summary>
    public TaskAwaiter GetAwaiter() => ToTask().GetAwaiter();

    /// <summary>Runs the verification where a task is expected: as what a test returns.</summary>
    /// <param name="task">The verification.</param>
    public static implicit operator Task(SettingsTask task) => task.ToTask();
}
