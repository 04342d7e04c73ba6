using System.Globalization;

namespace CodeExec.Bench;

/// <summary>What to measure with. Immutable.</summary>
/// <param name="Root">The checkout, with published programs.</param>
/// <param name="Scratch">An empty folder for caches and work; removed at the end.</param>
/// <param name="Python">The interpreter of both sides.</param>
/// <param name="Numpy">The requirement that names the wheel in PIP_FIND_LINKS.</param>
internal sealed record BenchOptions(string Root, string Scratch, string Python, string Numpy)
{
    private const string Usage = "usage: bin/bench [--rounds N] [--soak N | --siege N | --attacks N] [--json FILE]   (rounds 20 to 10000, default 400; soak 1000 to 1000000 calls, siege 20 to 10000, attacks 100 to 100000; each alone)";

    /// <summary>How often each latency is taken.</summary>
    public int Rounds { get; init; } = 400;

    /// <summary>How many calls in a row are looked at for growth, and nothing else; 0 for none.</summary>
    public int Soak { get; init; }

    /// <summary>How many calls beside attacks are measured, and nothing else; 0 for none.</summary>
    public int Siege { get; init; }

    /// <summary>How many attacks in a row are looked at for what they leave, and nothing else; 0 for none.</summary>
    public int Attacks { get; init; }

    /// <summary>Where the figures are also written; null for nowhere.</summary>
    public string? JsonFile { get; init; }

    /// <summary>Where jobs run.</summary>
    public string WorkDirectory => Path.Combine(Scratch, "work");

    /// <summary>The environment variables of every program of the service.</summary>
    public (string Name, string Value)[] Settings =>
    [
        ("PYTHON", Python), ("WORK_DIR", WorkDirectory), ("PACKAGE_CACHE_DIR", Path.Combine(Scratch, "cache")), ("PREWARM_REQUIREMENTS", Path.Combine(Scratch, "none.txt")),
        ("WHEEL_DIR", Path.Combine(Scratch, "no-wheels")),
        ("Logging__LogLevel__Default", "Warning"),
    ];

    /// <summary>Reads the command line; null when it can't be used, with the reason on stderr.</summary>
    public static BenchOptions? Parse(string[] args)
    {
        var options = new BenchOptions(
            FindRoot(), Directory.CreateTempSubdirectory("codeexec-bench-").FullName, Environment.GetEnvironmentVariable("PYTHON") ?? "/usr/bin/python3",
            Environment.GetEnvironmentVariable("BENCH_NUMPY") ?? "numpy");
        for (var i = 0; i < args.Length; i += 2)
        {
            var value = i + 1 < args.Length ? args[i + 1] : "";
            var isNumber = int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number);
            switch (args[i])
            {
                case "--rounds" when isNumber && number is >= 20 and <= 10_000: options = options with { Rounds = number }; break;
                case "--soak" when isNumber && number is >= 1000 and <= 1_000_000: options = options with { Soak = number }; break;
                case "--siege" when isNumber && number is >= 20 and <= 10_000: options = options with { Siege = number }; break;
                case "--attacks" when isNumber && number is >= 100 and <= 100_000: options = options with { Attacks = number }; break;
                case "--json" when value.Length > 0: options = options with { JsonFile = value }; break;
                default:
                    Console.Error.WriteLine(Usage);
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
