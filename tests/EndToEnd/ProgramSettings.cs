using System.Collections;

namespace CodeExec.Tests.EndToEnd;

/// <summary>Environment and working directory of a program under test.</summary>
public sealed record ProgramSettings
{
    // What a developer has set for everyday use must not decide a test.
    private static readonly string[] Ours = ["API_KEY", "MCP_SERVER_URL", "PORT", "HOST", "STDIO_MODE_ONLY", "CODEEXEC_ROOT", "DYNO", "WORK_DIR", "PACKAGE_CACHE_DIR", "PREWARM_REQUIREMENTS",
        "REDIS_URL", "REDIS_VERIFY_TLS", "REDIS_TIMEOUT_SECONDS", "RESULT_TTL_SECONDS", "QUEUE_LIMIT", "QUEUE_TIMEOUT_SECONDS", "WORKER_CONCURRENCY", "DRAIN_SECONDS", "INFERENCE_URL", "INFERENCE_KEY", "INFERENCE_MODEL_ID"];

    private ProgramSettings(IReadOnlyDictionary<string, string?> variables) => Variables = variables;

    /// <summary>This process's own environment.</summary>
    public static ProgramSettings Inherited { get; } = new(new Dictionary<string, string?>(StringComparer.Ordinal));

    /// <summary>The interpreter of all tests: the one that owns Debian's numpy.</summary>
    public static string SystemPython { get; } = Environment.GetEnvironmentVariable("PYTHON") is { Length: > 0 } chosen ? chosen : "/usr/bin/python3";

    /// <summary>What differs from this process's environment; null removes a variable.</summary>
    public IReadOnlyDictionary<string, string?> Variables { get; private init; }

    public string WorkingDirectory { get; init; } = Checkout.Root;

    /// <summary>Settings that are the same on every machine: own folders, no pre-warming, no package index, the system's Python.</summary>
    /// <param name="folder">Where cache and work folders go.</param>
    public static ProgramSettings Clean(string folder)
    {
        var variables = new Dictionary<string, string?>(StringComparer.Ordinal);
        foreach (DictionaryEntry variable in Environment.GetEnvironmentVariables())
            if (((string)variable.Key).StartsWith("PIP_", StringComparison.Ordinal)) variables[(string)variable.Key] = null;
        // Empty rather than absent: that also wins over a developer's .env file.
        foreach (var name in Ours) variables[name] = "";
        File.WriteAllText(Path.Combine(folder, "no-packages.txt"), "");
        variables["PREWARM_REQUIREMENTS"] = Path.Combine(folder, "no-packages.txt");
        variables["PACKAGE_CACHE_DIR"] = Path.Combine(folder, "cache");
        variables["WORK_DIR"] = Path.Combine(folder, "work");
        variables["PIP_NO_INDEX"] = "1";
        variables["PYTHON"] = SystemPython;
        return new ProgramSettings(variables);
    }

    public ProgramSettings With(string name, string? value) =>
        this with { Variables = new Dictionary<string, string?>(Variables, StringComparer.Ordinal) { [name] = value } };
}
