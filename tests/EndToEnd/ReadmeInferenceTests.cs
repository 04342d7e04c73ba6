using System.Text.Json.Nodes;
using CodeExec.Tests.Support.Heroku;
using CodeExec.Tests.Support.Inference;

namespace CodeExec.Tests.EndToEnd;

/// <summary>The commands of README.md that talk to Heroku's Inference service, run as they stand.</summary>
public sealed class ReadmeInferenceTests : IAsyncLifetime, IDisposable
{
    private const string Heading = "Heroku's Inference";
    private const string Digest = "932bdad08f3bed9e5be56f1164d4aaff2c3a39bfbec16f39be14d49bb377b6d1";
    private readonly TestFolder _folder = new();

    public Task InitializeAsync() => Checkout.BuiltAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(2, "mcp-python/code_exec_python\n")]
    [InlineData(3, "\"namespaced_name\": \"mcp-python/code_exec_python\"")]
    [InlineData(4, "{\"type\":\"object\"}")]
    [InlineData(5, "{\\u0022type\\u0022:\\u0022object\\u0022}")]
    [InlineData(6, Digest)]
    [InlineData(7, Digest)]
    [InlineData(8, "A small PDF file.")]
    [InlineData(9, "A small PDF file.")]
    public async Task A_command_gets_its_answer(int block, string answer)
    {
        await using var service = await InferenceStandIn.StartAsync(new DynoPlan(Checkout.ProcfileLine("mcp-python"), Checkout.Root, _folder.Settings.Variables), Answer);
        await using var heroku = new HerokuStandIn(_folder.Path, Checkout.Root, _folder.Settings);
        heroku.Addons["inference"] = new JsonObject { ["INFERENCE_URL"] = $"{service.Url}".TrimEnd('/'), ["INFERENCE_KEY"] = service.Key };
        Assert.Contains(answer, await heroku.TypeAsync(ReadmeBlock.Under(Heading, 1), ReadmeBlock.Under(Heading, block)), StringComparison.Ordinal);
    }

    private static AgentTurn Answer(string question, IReadOnlyList<string> answers)
    {
        if (question.Contains("input schema", StringComparison.Ordinal)) return new AgentTurn.Says("{\"type\":\"object\"}");
        if (answers.Count > 0) return new AgentTurn.Says(answers[0].Contains("# A page", StringComparison.Ordinal) ? "A small PDF file." : answers[0]);
        return question.Contains("sha256", StringComparison.Ordinal)
            ? new AgentTurn.Calls("code_exec_python", new JsonObject { ["code"] = "import hashlib; print(hashlib.sha256(b'Purple Python').hexdigest())" })
            : new AgentTurn.Calls("pdf_to_markdown", new JsonObject { ["url"] = question.Split(' ')[^1] });
    }
}
