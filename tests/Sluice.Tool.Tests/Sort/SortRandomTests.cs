using Sluice.Tool.Tests.Support;

namespace Sluice.Tool.Tests.Sort;

/// <summary>What a random order promises: all lines, equal keys together, and the same order for the same chance only.</summary>
public sealed class SortRandomTests
{
    [Fact]
    public void ARandomOrderHasAllLinesWithEqualOnesTogether()
    {
        using TestFolder folder = new();
        string[] lines = [.. Enumerable.Range(0, 3000).Select(static number => $"{number % 500}")];
        File.WriteAllLines(folder.PathOf("input"), lines);
        string[] found = Sort(folder, "-R");
        Assert.Equal(lines.Order(StringComparer.Ordinal), found.Order(StringComparer.Ordinal));
        Assert.Equal(500, GroupsOf(found));
        Assert.NotEqual(found.Distinct(), Sort(folder, "-R").Distinct());
        Assert.Equal(500, Sort(folder, "-Ru").Length);
        Assert.Equal(500, GroupsOf(Sort(folder, "-R", "-S", "64k", "-T", folder.Root)));
    }

    [Fact]
    public void TheSameChanceGivesTheSameOrder()
    {
        using TestFolder folder = new();
        folder.Make("chance", 16);
        folder.Make("other", 17);
        folder.Make("little", 15);
        File.WriteAllLines(folder.PathOf("input"), Enumerable.Range(0, 1000).Select(static number => $"a{number}"));
        string source = "--random-source=" + folder.PathOf("chance");
        Assert.Equal(Sort(folder, "-R", source), Sort(folder, "--sort=random", source, "-S", "64k"));
        Assert.NotEqual(Sort(folder, "-R", source), Sort(folder, "-R", "--random-source=" + folder.PathOf("other")));
        Assert.Equal(Sort(folder, "-R", source).Reverse(), Sort(folder, "-R", "-r", source));
        ToolRun.Of("sort", "-R", "--random-source=" + folder.PathOf("little"), "-o", folder.PathOf("out"), folder.PathOf("input"))
            .HasOneLine(2, "it has 15 bytes");
    }

    [Fact]
    public void WhatAKeyIgnoresDoesNotTearEqualKeysApart()
    {
        using TestFolder folder = new();
        File.WriteAllLines(folder.PathOf("input"),
            Enumerable.Range(0, 900).Select(static number => $"{number} {(number % 2 == 0 ? "key" : "K-e-Y")}{number % 100 / 2}"));
        Assert.Equal(50, GroupsOf([.. Sort(folder, "-k2,2fdR").Select(static line =>
            line.Split(' ')[1].Replace("-", "", StringComparison.Ordinal).ToUpperInvariant())]));
    }

    private static int GroupsOf(string[] lines) => lines.Where((line, index) => index == 0 || lines[index - 1] != line).Count();

    private static string[] Sort(TestFolder folder, params string[] options)
    {
        ToolRun.Of(["sort", "--method=sync", .. options, "-o", folder.PathOf("out"), folder.PathOf("input")]).Succeeds();
        return File.ReadAllLines(folder.PathOf("out"));
    }
}
