namespace CodeExec.Tests.EndToEnd;

/// <summary>The commands of README.md, as they stand.</summary>
public static class ReadmeBlock
{
    private static readonly string[] Lines = File.ReadAllLines(Path.Combine(Checkout.Root, "README.md"));

    /// <summary>A block of shell commands.</summary>
    /// <param name="heading">The heading that it stands below, without its number signs.</param>
    /// <param name="number">Which of the section's blocks, from 1.</param>
    public static string Under(string heading, int number)
    {
        var blocks = new List<string>();
        List<string>? block = null;
        foreach (var line in Lines.SkipWhile(line => line.TrimStart('#') != $" {heading}").Skip(1))
        {
            if (block is null && line.StartsWith('#')) break;
            if (line == "```bash") block = [];
            else if (line == "```" && block is not null)
            {
                blocks.Add(string.Join('\n', block));
                block = null;
            }
            else block?.Add(line);
        }
        Assert.True(number <= blocks.Count, $"README.md has {blocks.Count} blocks of commands below \"{heading}\", not {number}.");
        return blocks[number - 1];
    }
}
