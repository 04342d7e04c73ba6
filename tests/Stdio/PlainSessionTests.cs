using System.Text.Json;
using System.Text.RegularExpressions;
using CodeExec.Shared.Jobs;
using CodeExec.Shared.Running;
using CodeExec.Tests.Support;

namespace CodeExec.Tests.Stdio;

/// <summary>
/// A client can't tell who answers it: every session is answered as by the SDK's server alone, whenever that one takes over. There is no
/// list of differences, because there are none that these sessions show.
/// </summary>
public sealed partial class PlainSessionTests
{
    // Nothing answers it, and it is nothing that a plain session has: the SDK has the session from here on.
    private const string HandOver = """{"jsonrpc":"2.0","method":"notifications/unusual"}""";

    [Theory]
    [MemberData(nameof(SessionTable.Plain), MemberType = typeof(SessionTable))]
    public async Task A_plain_session_is_answered_as_by_the_SDK_and_without_it(string name, string[] lines)
    {
        var (answers, usesSdk) = await PlayAsync(lines);
        Assert.False(usesSdk, name);
        Assert.Equal(await OfSdkAsync(lines), answers);
    }

    [Theory]
    [MemberData(nameof(SessionTable.Unusual), MemberType = typeof(SessionTable))]
    public async Task An_unusual_session_is_answered_by_the_SDK_as_if_it_had_been_there_from_the_start(string name, string[] lines)
    {
        var (answers, usesSdk) = await PlayAsync(lines);
        Assert.True(usesSdk, name);
        Assert.Equal(await OfSdkAsync(lines), answers);
    }

    [Theory]
    [MemberData(nameof(SessionTable.Plain), MemberType = typeof(SessionTable))]
    public async Task A_session_can_be_handed_over_anywhere(string name, string[] lines)
    {
        var expected = await OfSdkAsync(lines);
        for (var i = 1; i <= lines.Length; i++)
        {
            var (answers, usesSdk) = await PlayAsync([.. lines[..i], HandOver, .. lines[i..]]);
            Assert.True(usesSdk, name);
            Assert.Equal(expected, answers);
        }
    }

    private static async Task<string> OfSdkAsync(string[] lines)
    {
        var (answers, usesSdk) = await PlayAsync([HandOver, .. lines]);
        Assert.True(usesSdk);
        return answers;
    }

    // Every message of the server, sorted: those that answer different requests have no order.
    private static async Task<(string Messages, bool UsesSdk)> PlayAsync(string[] lines)
    {
        await using var session = new StdioSession(new ScriptedRunner());
        var (answers, told) = (0, 0);
        foreach (var line in lines)
        {
            await session.Lines.SendAsync(line);
            if (line.Contains("\"wait\"", StringComparison.Ordinal))
            {
                told++;
                await session.Lines.FindAsync(_ => session.Lines.Received.Count(message => !McpLines.IsAnswer(message)) >= told);
            }
            else if (IsAnswered(line))
            {
                answers++;
                await session.Lines.FindAsync(_ => session.Lines.Received.Count(McpLines.IsAnswer) >= answers);
            }
        }
        session.Lines.CloseInput();
        await session.Ended.Within();
        await session.Lines.Ended.Within();
        return (string.Join('\n', session.Lines.Received.Select(message => JobId().Replace(Sorted(message), "reference …")).Order(StringComparer.Ordinal)), session.UsesSdk);
    }

    [GeneratedRegex("reference [0-9a-f]{12}", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex JobId();

    // Whatever is no notification, no answer and no line of nothing is answered, if only with an error.
    private static bool IsAnswered(string line)
    {
        try
        {
            using var document = JsonDocument.Parse(line, new JsonDocumentOptions { MaxDepth = 1000 });
            return document.RootElement is not { ValueKind: JsonValueKind.Object } message
                || (!message.TryGetProperty("result", out _) && !message.TryGetProperty("error", out _) && (message.TryGetProperty("id", out _) || !message.TryGetProperty("jsonrpc", out _)));
        }
        catch (JsonException)
        {
            return true;
        }
    }

    private static string Sorted(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => $"{{{string.Join(',', value.EnumerateObject().OrderBy(member => member.Name, StringComparer.Ordinal).Select(member => $"{member.Name}:{Sorted(member.Value)}"))}}}",
        JsonValueKind.Array => $"[{string.Join(',', value.EnumerateArray().Select(Sorted))}]",
        JsonValueKind.String => JsonSerializer.Serialize(value.GetString()),
        _ => value.GetRawText(),
    };

    /// <summary>Does what the code's one word says, and the same each time.</summary>
    private sealed class ScriptedRunner : IJobRunner
    {
        public async IAsyncEnumerable<JobEvent> RunAsync(ExecutionJob job, JobStop stop)
        {
            await Task.CompletedTask;
            var result = new ExecutionResult { ReturnCode = 0, Stdout = $"{job.Code} for {job.ClientName}: {string.Join(' ', job.Packages)}", Stderr = "", Status = ExecutionStatus.Ok, Hint = job.Packages.Count > 0 ? "ü" : null };
            switch (job.Code)
            {
                case "chatty":
                    yield return new JobQueued(3);
                    yield return new PackagesInstalling("Collecting ü");
                    yield return new OutputChunk(OutputStream.Stdout, 0, "\"one\"\n");
                    yield return new OutputChunk(OutputStream.Stderr, 1, "two 🐍\n");
                    break;
                case "wait":
                    yield return new OutputChunk(OutputStream.Stdout, 0, "on");
                    await Task.Delay(Timeout.Infinite, stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                    result = ExecutionResult.StoppedBeforeStart;
                    break;
                case "refuse":
                    throw new RunnerException("The service is \"busy\". Call again.");
                case "leave":
                    throw new OperationCanceledException();
                case "lose":
                    result = result with { Status = ExecutionStatus.WorkerLost };
                    break;
                case "truncate":
                    result = result with { Truncated = new OutputTruncation(1, 2, 3, 4), PackagesCache = PackagesCache.Miss };
                    break;
            }
            yield return new JobFinished(result);
        }
    }
}
