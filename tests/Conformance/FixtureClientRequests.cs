using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace CodeExec.Tests.Conformance;

/// <summary>
/// Tools that ask the client for something in the middle of a call, as revisions up to 2025-11-25 have it. The product's endpoints keep no
/// state that such a question's answer could be brought back to (docs/decisions/0005-sessions-without-state.md), so the SDK refuses it.
/// </summary>
internal static class FixtureClientRequests
{
    public static async Task<CallToolResult> CallAsync(RequestContext<CallToolRequestParams> call, CancellationToken cancel)
    {
        if (call.Params!.Name == "test_sampling")
        {
            var sampled = await call.Server.SampleAsync(new CreateMessageRequestParams { Messages = [new SamplingMessage { Role = Role.User, Content = [FixtureContent.Text("Test prompt")] }], MaxTokens = 100 }, cancel);
            return FixtureContent.Answer(FixtureContent.Text($"LLM response: {sampled.Model}"));
        }
        var elicited = await call.Server.ElicitAsync(new ElicitRequestParams { Message = "Please tell", RequestedSchema = new ElicitRequestParams.RequestSchema() }, cancel);
        return FixtureContent.Answer(FixtureContent.Text($"Elicitation completed: {elicited.Action}"));
    }
}
