using System.Text;
using System.Text.Json.Nodes;
using CodeExec.Shared.Jobs;
using CodeExec.Shared.Running;
using CodeExec.Shared.Settings;
using CodeExec.Tests.Support;
using CodeExec.Tests.Web.Support;
using CodeExec.Web.Callers;
using CodeExec.Web.Mcp;
using CodeExec.Web.Resuming;
using Microsoft.Extensions.DependencyInjection;
using ModelContextProtocol.Protocol;

namespace CodeExec.Tests.Web;

/// <summary>A client can't tell whether its call was answered with an MCP server or without one.</summary>
public sealed class PlainCallTests
{
    public static TheoryData<string, string> Plain => new()
    {
        { "code alone", """{"name":"code_exec_python","arguments":{"code":"print(4)"}}""" },
        { "packages", """{"name":"code_exec_python","arguments":{"code":"print(4)","packages":["numpy"]}}""" },
        { "no packages", """{"name":"code_exec_python","arguments":{"code":"print(4)","packages":null}}""" },
        { "text beyond ASCII", """{"name":"code_exec_python","arguments":{"code":"print('\u00e4 \u2028 \ud83d\ude00 <&>')"}}""" },
        { "progress by text", """{"name":"code_exec_python","arguments":{"code":"print(4)"},"_meta":{"progressToken":"\u00e4 \"p\""}}""" },
        { "progress by number", """{"name":"code_exec_python","arguments":{"code":"print(4)"},"_meta":{"progressToken":7}}""" },
        { "an empty _meta", """{"name":"code_exec_python","arguments":{"code":"print(4)"},"_meta":{}}""" },
        { "limits", """{"name":"code_exec_python","arguments":{"code":"print(4)"},"_meta":{"codeexec/timeout_seconds":5}}""" },
        { "limits that are wrong", """{"name":"code_exec_python","arguments":{"code":"print(4)"},"_meta":{"codeexec/timeout_seconds":"soon"}}""" },
        { "no arguments", """{"name":"code_exec_python"}""" },
        { "null for arguments", """{"name":"code_exec_python","arguments":null}""" },
        { "empty arguments", """{"name":"code_exec_python","arguments":{}}""" },
        { "an odd progress token", """{"name":"code_exec_python","arguments":{"code":"print(4)"},"_meta":{"progressToken":{"a":1}}}""" },
        { "a fraction for a progress token", """{"name":"code_exec_python","arguments":{"code":"print(4)"},"_meta":{"progressToken":1.5}}""" },
        { "an unknown argument", """{"name":"code_exec_python","arguments":{"code":"print(4)","shell":true}}""" },
        { "code of another type", """{"name":"code_exec_python","arguments":{"code":["print(4)"]}}""" },
        { "null for a progress token", """{"name":"code_exec_python","arguments":{"code":"print(4)"},"_meta":{"progressToken":null}}""" },
    };

    public static TheoryData<string, string> Unusual => new()
    {
        { "a list for arguments", """{"name":"code_exec_python","arguments":[1]}""" },
        { "a text for _meta", """{"name":"code_exec_python","arguments":{"code":"print(4)"},"_meta":"p"}""" },
        { "half a surrogate pair in the code", """{"name":"code_exec_python","arguments":{"code":"\ud800"}}""" },
        { "another tool", """{"name":"code_exec_ruby","arguments":{"code":"print(4)"}}""" },
        { "no name", """{"arguments":{"code":"print(4)"}}""" },
        { "a number for a name", """{"name":4,"arguments":{"code":"print(4)"}}""" },
        { "a revision of its own", """{"name":"code_exec_python","arguments":{"code":"print(4)"},"_meta":{"io.modelcontextprotocol/protocolVersion":"2025-06-18"}}""" },
        { "a revision that nobody knows", """{"name":"code_exec_python","arguments":{"code":"print(4)"},"_meta":{"io.modelcontextprotocol/protocolVersion":"2099-01-01"}}""" },
        { "a member that the protocol doesn't have", """{"name":"code_exec_python","arguments":{"code":"print(4)"},"unusual":1}""" },
    };

    [Theory(Timeout = TestWeb.Limit)]
    [MemberData(nameof(Plain))]
    public async Task A_plain_call_is_answered_as_by_an_MCP_server_and_without_one(string name, string parameters)
    {
        await using var web = await TestWeb.StartAsync(inner: new TalkativeRunner());
        var (answer, servers) = await AnswerAsync(web, parameters);
        Assert.True(servers == 0, name);
        // The SDK ignores a member that the protocol doesn't have; a plain call has none.
        Assert.Equal((answer, 1), await AnswerAsync(web, parameters.Insert(1, "\"unusual\":1,")));
    }

    [Theory(Timeout = TestWeb.Limit)]
    [MemberData(nameof(Unusual))]
    public async Task An_unusual_call_is_answered_by_an_MCP_server(string name, string parameters)
    {
        await using var web = await TestWeb.StartAsync(inner: new TalkativeRunner());
        var (answer, servers) = await AnswerAsync(web, parameters);
        Assert.True(servers == 1, name);
        Assert.StartsWith("OK text/event-stream", answer, StringComparison.Ordinal);
    }

    [Theory(Timeout = TestWeb.Limit)]
    [InlineData("2024-11-05")]
    [InlineData("2025-03-26")]
    [InlineData("2025-06-18")]
    [InlineData("2025-11-25")]
    public async Task It_is_plain_in_every_revision_with_a_handshake_also_where_its_answer_is_kept(string revision)
    {
        const string Call = """{"name":"code_exec_python","arguments":{"code":"print(4)"},"_meta":{"progressToken":"p"}}""";
        await using var web = await TestWeb.StartAsync(inner: new TalkativeRunner());
        var (answer, servers) = await AnswerAsync(web, Call, revision);
        Assert.Equal(0, servers);
        Assert.Equal((answer, 1), await AnswerAsync(web, Call.Insert(1, "\"unusual\":1,"), revision));
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task A_call_without_handshake_and_a_batch_of_calls_are_answered_by_MCP_servers()
    {
        await using var web = await TestWeb.StartAsync(inner: new TalkativeRunner());
        using var modern = await web.PostAsync("/mcp", Messages.ModernCall(), Messages.ModernHeaders("tools/call", "code_exec_python"));
        Assert.Equal("complete", (string)(await modern.NextAsync())["result"]!["resultType"]!);
        Assert.Equal(1, web.McpServers);
        using var batch = await web.PostAsync("/mcp", $"[{Messages.Call(1)},{Messages.Call(2)}]");
        Assert.Equal([1, 2], new[] { (int)(await batch.NextAsync())["id"]!, (int)(await batch.NextAsync())["id"]! }.Order());
        Assert.Equal(2, web.McpServers);
    }

    [Theory(Timeout = TestWeb.Limit)]
    [InlineData("1")]
    [InlineData("-9007199254740993")]
    [InlineData("\"\"")]
    [InlineData("\"\\u00e4 \\\"1\\\" \\n\"")]
    public async Task Its_id_is_repeated_as_it_was(string id)
    {
        await using var web = await TestWeb.StartAsync(inner: new TalkativeRunner());
        using var answer = await web.PostAsync("/mcp", $$"""{"jsonrpc":"2.0","id":{{id}},"method":"tools/call","params":{"name":"code_exec_python","arguments":{"code":"print(4)"} } }""");
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(id), (await answer.NextAsync())["id"]));
        Assert.Equal(0, web.McpServers);
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task It_counts_as_a_call_of_its_caller_until_its_answer_is_written()
    {
        await using var web = await TestWeb.StartWithKeysAsync(options => options with { EachKey = new CallerLimits(CallsAtOnce: 1, CallsPerMinute: 0) });
        var call = Messages.Call();
        using var socket = await RawRequest.OpenAsync(web.Address, $"""
            POST /mcp HTTP/1.1
            Host: 127.0.0.1
            x-api-key: key-of-alice
            Content-Type: application/json
            Accept: application/json, text/event-stream
            Content-Length: {call.Length}

            {call}
            """);
        // More than what the sockets of both ends take: megabytes each.
        (await web.Runner.NextAsync()).Finish(new string('x', 8 * 1024 * 1024));
        await web.Time.ArmedAsync(ReadingWatch.Longest);
        var share = web.Services.GetRequiredService<CallerShares>().Of("alice");
        Assert.Equal(1, share.Running);

        socket.Dispose();
        await Eventually.HoldsAsync(() => share.Running == 0, "an end of the call");
        Assert.Equal(0, web.McpServers);
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task Its_events_keep_their_order_and_their_numbers_when_one_that_waits_for_its_reader_is_given_up()
    {
        using var answers = new KeptAnswers(new WebOptions(), new ManualTime());
        var answer = answers.Open("session", "caller");
        using var reader = answer.Attend();
        await using var stream = new AnswerStream(answer, "web", new RequestId(1));
        var output = new EventWriter(stream);
        using var givenUp = new CancellationTokenSource();
        var full = new string('x', (int)KeptAnswer.MostBytes);
        await output.WriteAsync(json => json.WriteStringValue(full), CancellationToken.None);
        var second = output.WriteAsync(json => json.WriteStringValue("second"), givenUp.Token);
        await givenUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        var third = output.WriteAsync(json => json.WriteStringValue("third"), CancellationToken.None);

        var had = (await answer.NextAsync(0, CancellationToken.None)).Last;
        Assert.Equal(1, had);
        var rest = new List<string>();
        while (rest.Count < 2)
        {
            var next = await answer.NextAsync(had, CancellationToken.None).AsTask().WaitAsync(TestWeb.Patience);
            rest.AddRange(next.Events.Select(happened => Encoding.UTF8.GetString(happened)));
            had = next.Last;
        }
        await third.WaitAsync(TestWeb.Patience);
        Assert.Equal(
            [$"id: {new EventId("web", answer.Id, new RequestId(1), 2)}\nevent: message\ndata: \"second\"\n\n", $"id: {new EventId("web", answer.Id, new RequestId(1), 3)}\nevent: message\ndata: \"third\"\n\n"],
            rest);
    }

    // The answer's status, its type and its events, and how many servers it took; in a session that wants every log line, so that there are
    // events of all kinds.
    private static async Task<(string Answer, int Servers)> AnswerAsync(TestWeb web, string parameters, string? revision = null)
    {
        using var hello = await web.PostAsync("/mcp", Messages.Initialize(revision ?? "2025-06-18"));
        (string, string)[] session = [("Mcp-Session-Id", hello.Header("Mcp-Session-Id")!), .. revision is null ? [] : new[] { ("MCP-Protocol-Version", revision) }];
        using var level = await web.PostAsync("/mcp", Messages.SetLevel("debug"), session);
        var before = web.McpServers;
        using var answer = await web.PostAsync("/mcp", $$"""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{parameters}}}""", session);
        var events = await (await answer.EventsAsync()).RestAsync();
        return ($"{answer.Status} {answer.ContentType}\n{string.Join('\n', events.Split('\n').Select(Comparable))}", web.McpServers - before);
    }

    // A message with its members in alphabetical order, since theirs means nothing; and of a kept event's id its number, which alone is the same for two calls.
    private static string Comparable(string line) =>
        line.StartsWith("data: {", StringComparison.Ordinal) ? Sorted(JsonNode.Parse(line[6..]))!.ToJsonString()
        : line.StartsWith("id: ", StringComparison.Ordinal) ? line[line.LastIndexOf('.')..]
        : line;

    private static JsonNode? Sorted(JsonNode? node) => node switch
    {
        JsonObject members => new JsonObject(members.OrderBy(member => member.Key, StringComparer.Ordinal).Select(member => KeyValuePair.Create(member.Key, Sorted(member.Value)))),
        JsonArray items => new JsonArray([.. items.Select(Sorted)]),
        _ => node?.DeepClone(),
    };

    /// <summary>Jobs of it have an event of every kind, and say what they were asked.</summary>
    private sealed class TalkativeRunner : IJobRunner
    {
        public async IAsyncEnumerable<JobEvent> RunAsync(ExecutionJob job, JobStop stop)
        {
            await Task.CompletedTask;
            yield return new JobQueued(3);
            yield return new PackagesInstalling("Collecting \u00e4");
            yield return new JobStarted();
            yield return new OutputChunk(OutputStream.Stdout, 0, "out \u00e4\u2028\n<&>'\"");
            yield return new OutputChunk(OutputStream.Stderr, 1, "err");
            yield return new JobFinished(ScriptedJob.Result($"{job.Code} {string.Join(' ', job.Packages)} {job.Limits} {job.ClientName}"));
        }
    }
}
