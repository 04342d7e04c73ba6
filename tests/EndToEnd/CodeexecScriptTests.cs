using System.Text.Json;

namespace CodeExec.Tests.EndToEnd;

/// <summary><c>bin/codeexec</c> itself: where it may be started from, and what it says.</summary>
public sealed class CodeexecScriptTests : IAsyncLifetime, IDisposable
{
    private static readonly string[] NamedInHelp = ["run ", "mcp list_tools", "mcp call_tool", "serve ", "stdio", "doctor", "Exit codes", "124", "141"];
    private static readonly string[] ToolsOfTheScript = ["bash", "env", "dirname", "readlink", "uname"];
    private static readonly string[] Programs = ["Cli", "Web", "Worker"];
    private readonly TestFolder _folder = new();

    public Task InitializeAsync() => Checkout.BuiltAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task It_works_through_links_from_another_folder_and_a_path_with_spaces()
    {
        var spaced = Directory.CreateDirectory(Path.Combine(_folder.Path, "a path with spaces")).FullName;
        Directory.CreateSymbolicLink(Path.Combine(spaced, "the checkout"), Checkout.Root);
        File.CreateSymbolicLink(Path.Combine(spaced, "linked"), "the checkout/bin/codeexec");
        File.CreateSymbolicLink(Path.Combine(_folder.Path, "codeexec"), Path.Combine(spaced, "linked"));
        await using var program = RunningProgram.Start(Path.Combine(_folder.Path, "codeexec"), ["run", "print(2+2)"], _folder.Settings with { WorkingDirectory = spaced });
        Assert.Equal(new ProgramEnd(0, "4\n", ""), await program.EndAsync());
    }

    [Theory]
    [InlineData()]
    [InlineData("--help")]
    public async Task It_lists_every_command_and_the_exit_codes(params string[] arguments)
    {
        var end = await RunAsync(_folder.Settings, arguments);
        Assert.Equal((0, ""), (end.ExitCode, end.Stderr));
        Assert.All(NamedInHelp, word => Assert.Contains(word, end.Stdout, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("serve")]
    [InlineData("stdio")]
    [InlineData("build")]
    public async Task A_command_of_the_script_tells_what_there_is_and_refuses_what_it_does_not_know(string command)
    {
        var help = await RunAsync(_folder.Settings, command, "--help");
        Assert.Equal((0, ""), (help.ExitCode, help.Stderr));
        Assert.Contains("Usage: codeexec COMMAND", help.Stdout, StringComparison.Ordinal);

        var wrong = await RunAsync(_folder.Settings, command, "--fast");
        Assert.Equal((64, ""), (wrong.ExitCode, wrong.Stdout));
        Assert.StartsWith($"codeexec {command}: ", wrong.Stderr, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("run")]
    [InlineData("mcp")]
    [InlineData("inference")]
    [InlineData("doctor")]
    public async Task The_commands_that_the_help_names_tell_more(string command)
    {
        Assert.Contains("tells more of run, mcp, inference and doctor.", (await RunAsync(_folder.Settings, "--help")).Stdout, StringComparison.Ordinal);
        Assert.Contains($"codeexec {command}", (await RunAsync(_folder.Settings, command, "--help")).Stdout, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unpacked_archive_of_the_programs_runs_without_a_word()
    {
        // As docs/deploying-elsewhere.md packs it: no sources, and nothing that they are built with.
        var script = Directory.CreateDirectory(Path.Combine(_folder.Path, "unpacked/bin")).FullName + "/codeexec";
        File.Copy(Checkout.Codeexec, script);
        foreach (var program in Programs)
        {
            var folder = Directory.CreateDirectory(Path.Combine(_folder.Path, "unpacked/src", program, "bin")).FullName;
            Directory.CreateSymbolicLink(Path.Combine(folder, "publish"), Path.Combine(Checkout.Root, "src", program, "bin/publish"));
        }
        await using var run = RunningProgram.Start(script, ["run", "print(2+2)"], _folder.Settings);
        Assert.Equal(new ProgramEnd(0, "4\n", ""), await run.EndAsync());
    }

    [Fact]
    public async Task Serve_takes_port_and_host_and_refuses_anything_else()
    {
        await using var server = RunningProgram.Start(Checkout.Codeexec, ["serve", "--port=0", "--host", "127.0.0.1"], _folder.Settings);
        await server.Stdout.HasAsync("listens on http://127.0.0.1:");

        var wrong = await RunAsync(_folder.Settings, "serve", "--prot", "1");
        Assert.Equal(64, wrong.ExitCode);
        Assert.Contains("Unknown argument \"--prot\"", wrong.Stderr, StringComparison.Ordinal);
        Assert.Equal(64, (await RunAsync(_folder.Settings, "serve", "--port")).ExitCode);
    }

    [Fact]
    public async Task Without_dotnet_it_tells_how_to_install_it_and_exits_with_69()
    {
        // A PATH with what the script itself needs and nothing more.
        var tools = Directory.CreateDirectory(Path.Combine(_folder.Path, "tools")).FullName;
        foreach (var tool in ToolsOfTheScript) File.CreateSymbolicLink(Path.Combine(tools, tool), $"/usr/bin/{tool}");
        var end = await RunAsync(_folder.Settings.With("PATH", tools).With("HOME", _folder.Path).With("DOTNET_ROOT", null), "run", "print(1)");
        Assert.Equal((69, ""), (end.ExitCode, end.Stdout));
        Assert.Contains("apt-get install -y dotnet-sdk", end.Stderr, StringComparison.Ordinal);
        Assert.Contains("brew install dotnet", end.Stderr, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Doctor_finds_a_healthy_host_healthy_and_shows_no_secrets()
    {
        var end = await RunAsync(_folder.Settings.With("PIP_INDEX_URL", "https://user:secret-word@index.example/simple"), "doctor", "--json");
        using var report = JsonDocument.Parse(end.Stdout);
        Assert.True(report.RootElement.GetProperty("ok").GetBoolean() && end.ExitCode == 0, end.Stdout);
        Assert.Contains("PIP_INDEX_URL", end.Stdout, StringComparison.Ordinal);
        Assert.DoesNotContain("secret-word", end.Stdout, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("PYTHON", "/no/such/python", "Install it")]
    [InlineData("PACKAGE_CACHE_DIR", "/proc/codeexec", "PACKAGE_CACHE_DIR")]
    [InlineData("QUEUE_LIMIT", "many", "QUEUE_LIMIT is \"many\"")]
    public async Task Doctor_names_what_fails_and_exits_with_1(string setting, string value, string words)
    {
        var end = await RunAsync(_folder.Settings.With(setting, value), "doctor");
        Assert.Equal(1, end.ExitCode);
        Assert.Contains("FAIL", end.Stdout, StringComparison.Ordinal);
        Assert.Contains(words, end.Stdout, StringComparison.Ordinal);
        Assert.DoesNotContain("\e[", end.Stdout, StringComparison.Ordinal);
    }

    private static async Task<ProgramEnd> RunAsync(ProgramSettings settings, params string[] arguments)
    {
        await using var program = RunningProgram.Start(Checkout.Codeexec, arguments, settings);
        return await program.EndAsync();
    }
}
