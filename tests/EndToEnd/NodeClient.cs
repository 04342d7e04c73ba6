using System.Text.Json;

namespace CodeExec.Tests.EndToEnd;

/// <summary>Runs a third-party client under the Node that <c>tests/clients</c> pins, and reads the JSON it prints.</summary>
public static class NodeClient
{
    private static readonly string Node = Path.Combine(Checkout.Clients, "node_modules/node/bin/node");

    public static async Task<JsonElement> RunAsync(string script, IEnumerable<string> arguments, ProgramSettings settings)
    {
        await using var client = Start(script, arguments, settings);
        return await AnswerAsync(client);
    }

    /// <summary>Waits for a client's end and reads what it printed.</summary>
    public static async Task<JsonElement> AnswerAsync(RunningProgram client)
    {
        var end = await client.EndAsync();
        Assert.True(end.ExitCode == 0, client.Transcript);
        using var printed = JsonDocument.Parse(end.Stdout);
        return printed.RootElement.Clone();
    }

    /// <summary>A shell's command line that runs a script, for clients that start their server themselves.</summary>
    public static string CommandLine(string script, params string[] arguments) =>
        string.Join(' ', new[] { "exec", Node, Path.Combine(Checkout.Clients, script) }.Concat(arguments.Select(argument => $"'{argument}'")));

    public static RunningProgram Start(string script, IEnumerable<string> arguments, ProgramSettings settings)
    {
        Assert.True(File.Exists(Node), $"There is no {Node}. Run bin/test, which installs the clients, or: npm ci --prefix tests/clients");
        return RunningProgram.Start(Node, [Path.Combine(Checkout.Clients, script), .. arguments], settings);
    }
}
