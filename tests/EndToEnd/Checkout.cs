namespace CodeExec.Tests.EndToEnd;

/// <summary>The source tree under test, its programs published as on Heroku, its Procfile's own command lines.</summary>
public static class Checkout
{
    private static readonly Lazy<Task> Building = new(BuildAsync);

    public static string Root { get; } = FindRoot();

    public static string Codeexec { get; } = Path.Combine(Root, "bin/codeexec");

    public static string Clients { get; } = Path.Combine(Root, "tests/clients");

    /// <summary>Publishes once per test run; nothing happens when that is done already.</summary>
    public static Task BuiltAsync() => Building.Value;

    /// <summary>The command line of one process type, as the Procfile has it.</summary>
    public static string ProcfileLine(string processType) =>
        File.ReadLines(Path.Combine(Root, "Procfile")).Single(line => line.StartsWith($"{processType}:", StringComparison.Ordinal))[(processType.Length + 1)..].Trim();

    private static async Task BuildAsync()
    {
        await using var build = RunningProgram.Start(Codeexec, ["build"], ProgramSettings.Inherited);
        var end = await build.EndAsync(TimeSpan.FromMinutes(10));
        Assert.True(end.ExitCode == 0, build.Transcript);
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "CodeExec.sln"))) folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException($"No CodeExec.sln above {AppContext.BaseDirectory}.");
    }
}
