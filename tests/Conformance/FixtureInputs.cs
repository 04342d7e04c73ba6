using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace CodeExec.Tests.Conformance;

/// <summary>
/// Requests that need something from the client before they can be answered, as 2026-07-28 has it: the answer asks, the client sends the
/// request again with what was asked for and with the state that the answer carried.
/// </summary>
internal static class FixtureInputs
{
    private static readonly byte[] Secret = RandomNumberGenerator.GetBytes(32);

    private static InputRequest Name => Ask("What is your name?", "name");

    private static InputRequest Confirmation => Ask("Please confirm", "ok", new ElicitRequestParams.BooleanSchema());

    private static InputRequest Sampled(string prompt) => InputRequest.ForSampling(new CreateMessageRequestParams
    {
        Messages = [new SamplingMessage { Role = Role.User, Content = [FixtureContent.Text(prompt)] }],
        MaxTokens = 100,
    });

    private static InputRequest Roots => InputRequest.ForRootsList(new ListRootsRequestParams());

    /// <summary>The context of a prompt; asks for it first.</summary>
    public static string Context(RequestParams request) => Text(Needed(request, "user_context", Ask("What context should the prompt use?", "context")), "context");

    /// <summary>One of the tools whose name begins with <c>test_input_required_result_</c>.</summary>
    public static CallToolResult Call(string kind, RequestContext<CallToolRequestParams> call)
    {
        var request = call.Params!;
        return FixtureContent.Answer(FixtureContent.Text(kind switch
        {
            "elicitation" => $"Hello, {Text(Needed(request, "user_name", Name), "name")}!",
            "sampling" => $"The model said {Needed(request, "capital_question", Sampled("What is the capital of France?"))}",
            "list_roots" => $"The roots are {Needed(request, "client_roots", Roots)}",
            "request_state" => Confirmed(request),
            "tampered_state" => Confirmed(request),
            "multiple_inputs" => Together(request),
            "multi_round" => Rounds(request),
            "capabilities" => Supported(request, call.JsonRpcRequest.Context?.ClientCapabilities),
            _ => throw new McpProtocolException($"Unknown tool \"{request.Name}\".", McpErrorCode.InvalidParams),
        }));
    }

    private static string Confirmed(RequestParams request)
    {
        if (request.RequestState is null) throw new InputRequiredException(new Dictionary<string, InputRequest>(StringComparer.Ordinal) { ["confirm"] = Confirmation }, Sealed("confirm"));
        Check(request, "confirm");
        Needed(request, "confirm", Confirmation, "confirm");
        return "state-ok";
    }

    private static string Together(RequestParams request)
    {
        var asked = new Dictionary<string, InputRequest>(StringComparer.Ordinal) { ["user_name"] = Name, ["greeting"] = Sampled("Generate a greeting"), ["client_roots"] = Roots };
        if (request.RequestState is null || asked.Keys.Any(key => Given(request, key) is null)) throw new InputRequiredException(asked, Sealed("together"));
        Check(request, "together");
        return "All of it is there.";
    }

    private static string Rounds(RequestParams request)
    {
        if (request.RequestState is null) throw new InputRequiredException(new Dictionary<string, InputRequest>(StringComparer.Ordinal) { ["step1"] = Ask("Step 1: What is your name?", "name") }, Sealed("step1"));
        if (Given(request, "step2") is { } colour)
        {
            Check(request, "step2");
            return $"Your colour is {Text(colour, "color")}.";
        }
        Check(request, "step1");
        throw new InputRequiredException(new Dictionary<string, InputRequest>(StringComparer.Ordinal) { ["step2"] = Ask("Step 2: What is your favorite color?", "color") }, Sealed("step2"));
    }

    private static string Supported(RequestParams request, ClientCapabilities? client)
    {
        var asked = new Dictionary<string, InputRequest>(StringComparer.Ordinal);
        if (client?.Elicitation is not null) asked["user_name"] = Name;
        if (client?.Sampling is not null) asked["greeting"] = Sampled("Generate a greeting");
        return asked.Keys.All(key => Given(request, key) is not null) ? "Nothing else was asked for." : throw new InputRequiredException(asked);
    }

    private static JsonElement Needed(RequestParams request, string key, InputRequest asked, string? state = null) =>
        Given(request, key) ?? throw new InputRequiredException(new Dictionary<string, InputRequest>(StringComparer.Ordinal) { [key] = asked }, state is null ? null : Sealed(state));

    private static JsonElement? Given(RequestParams request, string key) =>
        request.InputResponses is { } given && given.TryGetValue(key, out var response) && response.RawValue.ValueKind == JsonValueKind.Object ? response.RawValue : null;

    private static string Text(JsonElement elicited, string member) =>
        elicited.TryGetProperty("content", out var content) && content.TryGetProperty(member, out var text) ? text.ToString() : "nobody";

    private static InputRequest Ask(string question, string member, ElicitRequestParams.PrimitiveSchemaDefinition? type = null) => InputRequest.ForElicitation(new ElicitRequestParams
    {
        Message = question,
        RequestedSchema = new ElicitRequestParams.RequestSchema
        {
            Properties = new Dictionary<string, ElicitRequestParams.PrimitiveSchemaDefinition>(StringComparer.Ordinal) { [member] = type ?? new ElicitRequestParams.StringSchema() },
            Required = [member],
        },
    });

    private static string Sealed(string state) => $"{state}.{Convert.ToHexString(HMACSHA256.HashData(Secret, Encoding.UTF8.GetBytes(state)))}";

    private static void Check(RequestParams request, string state)
    {
        if (request.RequestState != Sealed(state)) throw new McpProtocolException("requestState isn't the one that was given out. Send it back unchanged.", McpErrorCode.InvalidParams);
    }
}
