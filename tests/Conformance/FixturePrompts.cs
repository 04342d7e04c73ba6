using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace CodeExec.Tests.Conformance;

/// <summary>The prompts that the suite gets, and the completion of their arguments.</summary>
internal static class FixturePrompts
{
    private static readonly string[] Words = ["paris", "park", "party"];

    private static readonly Prompt[] Prompts =
    [
        new() { Name = "test_simple_prompt", Description = "A prompt without arguments." },
        new() { Name = "test_prompt_with_arguments", Description = "A prompt with two arguments.", Arguments = [Required("arg1"), Required("arg2")] },
        new() { Name = "test_prompt_with_embedded_resource", Description = "A prompt that holds a resource.", Arguments = [Required("resourceUri")] },
        new() { Name = "test_prompt_with_image", Description = "A prompt that holds an image." },
        new() { Name = "test_input_required_result_prompt", Description = "A prompt that asks for its context." },
    ];

    public static void AddTo(McpServerHandlers handlers)
    {
        handlers.ListPromptsHandler = (_, _) => ValueTask.FromResult(new ListPromptsResult { Prompts = [.. Prompts], TimeToLive = TimeSpan.FromMinutes(1), CacheScope = CacheScope.Public });
        handlers.GetPromptHandler = (request, _) => ValueTask.FromResult(new GetPromptResult { Messages = [.. Content(request).Select(block => new PromptMessage { Role = Role.User, Content = block })] });
        handlers.CompleteHandler = (request, _) => ValueTask.FromResult(new CompleteResult
        {
            Completion = new Completion { Values = [.. Words.Where(word => word.StartsWith(request.Params!.Argument.Value, StringComparison.Ordinal))], HasMore = false },
        });
    }

    private static ContentBlock[] Content(RequestContext<GetPromptRequestParams> request) => request.Params!.Name switch
    {
        "test_simple_prompt" => [FixtureContent.Text("This is a simple prompt for testing.")],
        "test_prompt_with_arguments" => [FixtureContent.Text($"Prompt with arguments: arg1='{Argument(request, "arg1")}', arg2='{Argument(request, "arg2")}'")],
        "test_prompt_with_embedded_resource" =>
        [
            FixtureContent.Resource(Argument(request, "resourceUri"), "text/plain", "Embedded resource content for testing."),
            FixtureContent.Text("Please process the embedded resource above."),
        ],
        "test_prompt_with_image" => [FixtureContent.Image, FixtureContent.Text("Please analyze the image above.")],
        "test_input_required_result_prompt" => [FixtureContent.Text($"Use this context: {FixtureInputs.Context(request.Params)}")],
        var name => throw new McpProtocolException($"Unknown prompt \"{name}\".", McpErrorCode.InvalidParams),
    };

    private static string Argument(RequestContext<GetPromptRequestParams> request, string name) => request.Params!.Arguments is { } arguments && arguments.TryGetValue(name, out var value)
        ? value.GetString()!
        : throw new McpProtocolException($"Argument \"{name}\" is missing.", McpErrorCode.InvalidParams);

    private static PromptArgument Required(string name) => new() { Name = name, Required = true };
}
