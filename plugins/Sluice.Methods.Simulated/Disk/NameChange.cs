namespace Sluice.Methods.Simulated;

/// <summary>A change of a folder that was not synced yet.</summary>
/// <param name="Directory">The folder.</param>
/// <param name="Name">The name in it.</param>
/// <param name="Target">What it stands for now; null when it is gone.</param>
/// <param name="Group">Changes of one group are there together or not at all: a rename.</param>
internal readonly record struct NameChange(Node Directory, string Name, Node? Target, long Group);
