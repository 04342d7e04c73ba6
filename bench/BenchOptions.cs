namespace CodeExec.Bench;

/// <summary>What to measure with. Immutable.</summary>
/// <param name="Root">The checkout, with published programs.</param>
/// <param name="Python">The interpreter of both sides.</param>
/// <param name="Rounds">How often each latency is taken.</param>
/// <param name="JsonFile">Where the figures are also written; null for nowhere.</param>
internal sealed record BenchOptions(string Root, string Python, int Rounds, string? JsonFile)
{
    /// <summary>Reads the command line; null when it can't be used, with the reason on stderr.</summary>
    public static BenchOptions? Parse(string[] args)
    {
        var options = new BenchOptions(FindRoot(), Environment.GetEnvironmentVariable("PYTHON") ?? "/usr/bin/python3", 100, null);
        for (var i = 0; i < args.Length; i++)
        {
            if (args[i] == "--rounds" && i + 1 < args.Length && int.TryParse(args[++i], out var rounds) && rounds is > 0 and <= 10_000) options = options with { Rounds = rounds };
            else if (args[i] == "--json" && i + 1 < args.Length) options = options with { JsonFile = args[++i] };
            else
            {
                Console.Error.WriteLine("usage: bin/bench [--rounds N] [--json FILE]   (N from 1 to 10000, default 100)");
                return null;
            }
        }
        return options;
    }

    /// <summary>A published program.</summary>
    public string Program(string name) => Path.Combine(Root, "src", name, "bin", "publish", $"CodeExec.{name}");

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "CodeExec.sln"))) folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException("The bench runs from inside a checkout.");
    }
}
