using System.Text.Json.Nodes;
using CodeExec.Tests.EndToEnd;

namespace CodeExec.Tests.Support.Heroku;

/// <summary>An app on a platform that is this machine: a <c>heroku</c> command for shells, and dynos that are really started. Ended when disposed.</summary>
/// <param name="folder">An empty folder for config vars, logs and the command.</param>
/// <param name="app">The root of the app.</param>
/// <param name="settings">The environment of the shells, and below the config vars of the dynos.</param>
/// <param name="dyno">A command that runs a dyno's command line as a dyno would; null for a plain shell.</param>
public sealed class HerokuStandIn(string folder, string app, ProgramSettings settings, string? dyno = null) : IAsyncDisposable
{
    private readonly string _commands = MakeCommands(folder);

    /// <summary>What add-ons set when they are created, by their names.</summary>
    public JsonObject Addons { get; } = [];

    /// <summary>The environment of the shells.</summary>
    public ProgramSettings Shell => settings
        .With("PATH", $"{_commands}:{Environment.GetEnvironmentVariable("PATH")}")
        .With("APP_NAME", "my-codeexec").With("HEROKU_STAND_IN", folder).With("HEROKU_STAND_IN_APP", app).With("HEROKU_STAND_IN_DYNO", dyno)
        .With("HEROKU_STAND_IN_ADDONS", Addons.ToJsonString());

    /// <summary>Runs lines of shell as a user types them and waits for their end.</summary>
    /// <param name="lines">Commands; each ends the run when it fails.</param>
    /// <returns>What they printed.</returns>
    public async Task<string> TypeAsync(params string[] lines)
    {
        await using var shell = RunningProgram.StartShell($"set -e -o pipefail\n{string.Join('\n', lines)}", Shell);
        var end = await shell.EndAsync();
        Assert.True(end.ExitCode == 0, $"{shell.Transcript}\n{Logs()}");
        return end.Stdout;
    }

    /// <summary>What the dynos printed.</summary>
    public string Logs() => string.Concat(Directory.EnumerateFiles(folder, "*.log").Select(log => $"{Path.GetFileName(log)}:\n{File.ReadAllText(log)}"));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await using var shell = RunningProgram.StartShell("heroku ps:scale web=0 worker=0", Shell);
        await shell.EndAsync();
    }

    private static string MakeCommands(string folder)
    {
        var commands = Directory.CreateDirectory(Path.Combine(folder, "commands")).FullName;
        File.CreateSymbolicLink(Path.Combine(commands, "heroku"), Path.Combine(Checkout.Root, "tests/Support/Heroku/heroku"));
        return commands;
    }
}
