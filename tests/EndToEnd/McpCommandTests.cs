using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace CodeExec.Tests.EndToEnd;

/// <summary>What <c>bin/codeexec mcp</c> says when something is wrong, and what it exits with.</summary>
public sealed class McpCommandTests : IAsyncLifetime, IDisposable
{
    private const string Key = "a-key-that-must-not-show";
    private readonly TestFolder _folder = new();

    public Task InitializeAsync() => Checkout.BuiltAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("sse")]
    [InlineData("http")]
    public async Task A_refused_key_exits_with_77_and_names_the_setting(string transport)
    {
        await using var server = await WebServer.StartAsync(_folder.Settings.With("API_KEY", "the-real-key"));
        await AssertFails(77, "it wants an API key and API_KEY is not set", _folder.Settings, "list_tools", "--url", $"{server.Url}", "--transport", transport);
        await AssertFails(77, "the API key in API_KEY is not one of its keys", _folder.Settings.With("API_KEY", Key), "list_tools", "--url", $"{server.Url}", "--transport", transport);
    }

    [Theory]
    [InlineData("sse")]
    [InlineData("http")]
    public Task A_server_that_is_not_there_exits_with_69_and_says_how_to_start_one(string transport) =>
        // Port 1 of this machine: nothing listens there.
        AssertFails(69, "The server at http://127.0.0.1:1/", _folder.Settings.With("API_KEY", Key), "list_tools", "--transport", transport, "--url", "http://127.0.0.1:1");

    [Fact]
    public async Task A_wrong_path_exits_with_69_and_names_the_right_ones()
    {
        await using var server = await WebServer.StartAsync(_folder.Settings);
        await AssertFails(69, "CodeExec serves /mcp and /sse", _folder.Settings, "list_tools", "--url", $"{server.Url}nowhere");
    }

    [Theory]
    [InlineData("sse")]
    [InlineData("http")]
    public async Task A_refused_host_name_is_not_taken_for_a_wrong_key(string transport)
    {
        await using var server = await WebServer.StartAsync(_folder.Settings);
        await AssertFails(
            69, "refused this host name or origin (403). Without an API_KEY it serves localhost alone.",
            Behind(server.Url).With("API_KEY", Key), "list_tools", "--transport", transport, "--url", "http://code.example");
    }

    [Theory]
    [InlineData("sse")]
    [InlineData("http")]
    public async Task An_app_without_a_web_dyno_exits_with_69_and_says_how_to_start_one(string transport)
    {
        // Heroku's router answers for it.
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var router = builder.Build();
        router.Run(http =>
        {
            http.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            return Task.CompletedTask;
        });
        await router.StartAsync();
        await AssertFails(
            69, "answered 503: no web process runs there, or it is stopping, or full. Is it running? heroku ps:scale web=1 -a $APP_NAME starts it on Heroku.",
            Behind(new Uri(router.Urls.Single())).With("API_KEY", Key), "list_tools", "--transport", transport, "--url", "http://my-app.example");
    }

    [Theory]
    [InlineData("line 1, byte 10", "{\"name\": oops}")]
    [InlineData("no \"name\"", "{\"arguments\": {}}")]
    [InlineData("must be a JSON object", "[]")]
    public Task Arguments_that_are_no_call_exit_with_64(string words, string arguments) => AssertFails(64, words, _folder.Settings, "call_tool", "--args", arguments);

    [Theory]
    [InlineData("--transport is \"carrier-pigeon\"", "--transport", "carrier-pigeon")]
    [InlineData("--timeout is \"0\"", "--timeout", "0")]
    [InlineData("which is no address of a server", "--url", "localhost")]
    [InlineData("contradict each other", "--transport", "stdio", "--url", "http://localhost")]
    public Task Options_that_make_no_sense_exit_with_64(string words, params string[] options) => AssertFails(64, words, _folder.Settings, ["list_tools", .. options]);

    [Fact]
    public async Task An_error_of_the_tool_is_printed_as_the_result_and_exits_with_1()
    {
        await using var program = Start(_folder.Settings, "call_tool", "--args", """{"name": "code_exec_python", "arguments": {"code": ""}}""");
        var end = await program.EndAsync();
        Assert.Equal(1, end.ExitCode);
        Assert.Contains("\"isError\": true", end.Stdout, StringComparison.Ordinal);
    }

    [Fact]
    public Task An_unknown_tool_exits_with_1_and_the_servers_words() =>
        AssertFails(1, "The server answered with error -32602: Unknown tool \"nope\". The tool is called \"code_exec_python\".", _folder.Settings, "call_tool", "--args", """{"name": "nope"}""");

    [Fact]
    public Task A_stdio_server_that_cannot_start_is_quoted() =>
        AssertFails(69, "EXEC_TIMEOUT_SECONDS is \"soon\"", _folder.Settings.With("EXEC_TIMEOUT_SECONDS", "soon"), "list_tools");

    [Fact]
    public async Task Notifications_are_shown_when_asked_for()
    {
        await using var program = Start(_folder.Settings, "call_tool", "--verbose", "--args", """{"name": "code_exec_python", "arguments": {"code": "print('on the way', flush=True)"}}""");
        await program.Stderr.HasAsync("\"message\":\"on the way\\n\"");
        Assert.Equal(0, (await program.EndAsync()).ExitCode);
    }

    // Whatever name is asked for, that server answers: it is the client's proxy.
    private ProgramSettings Behind(Uri server) => _folder.Settings.With("http_proxy", $"{server}").With("no_proxy", null).With("NO_PROXY", null);

    private static async Task AssertFails(int exitCode, string words, ProgramSettings settings, params string[] arguments)
    {
        await using var program = Start(settings, arguments);
        var end = await program.EndAsync();
        Assert.True(end.ExitCode == exitCode && end.Stdout.Length == 0, program.Transcript);
        Assert.Contains(words, end.Stderr, StringComparison.Ordinal);
        Assert.DoesNotContain(Key, end.Stderr, StringComparison.Ordinal);
    }

    private static RunningProgram Start(ProgramSettings settings, params string[] arguments) => RunningProgram.Start(Checkout.Codeexec, ["mcp", .. arguments], settings);
}
