using System.Text.Json;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;
using McpTool = ModelContextProtocol.Protocol.Tool;

namespace CodeExec.Tests.Conformance;

/// <summary>The tools that the suite calls, behind the product's own.</summary>
internal static class FixtureTools
{
    private const string InputRequired = "test_input_required_result_";

    private static readonly string[] Names =
    [
        "test_simple_text", "test_image_content", "test_audio_content", "test_embedded_resource", "test_multiple_content_types", "test_tool_with_logging",
        "test_tool_with_progress", "test_error_handling", "test_sampling", "test_elicitation", "test_elicitation_sep1034_defaults",
        "test_elicitation_sep1330_enums", "test_reconnection", "test_missing_capability", "test_streaming_elicitation", "test_logging_tool",
        .. new[] { "elicitation", "sampling", "list_roots", "request_state", "multiple_inputs", "multi_round", "tampered_state", "capabilities" }.Select(kind => InputRequired + kind),
    ];

    // As the suite spells it: it looks for the keywords one by one.
    private static readonly JsonElement Schema2020 = JsonElement.Parse("""
        {
          "$schema": "https://json-schema.org/draft/2020-12/schema",
          "type": "object",
          "$defs": {
            "address": { "$anchor": "addressDef", "type": "object", "properties": { "street": { "type": "string" }, "city": { "type": "string" } } }
          },
          "properties": {
            "name": { "type": "string" },
            "address": { "$ref": "#/$defs/address" },
            "contactMethod": { "type": "string", "enum": ["phone", "email"] },
            "phone": { "type": "string" },
            "email": { "type": "string" }
          },
          "allOf": [{ "anyOf": [{ "required": ["phone"] }, { "required": ["email"] }] }],
          "if": { "properties": { "contactMethod": { "const": "phone" } }, "required": ["contactMethod"] },
          "then": { "required": ["phone"] },
          "else": { "required": ["email"] },
          "additionalProperties": false
        }
        """);

    private static readonly McpTool[] Tools =
    [
        .. Names.Select(name => new McpTool { Name = name, Description = $"The fixture {name}.", InputSchema = JsonElement.Parse("""{"type":"object"}""") }),
        new() { Name = "json_schema_2020_12_tool", Description = "Tool with JSON Schema 2020-12 features", InputSchema = Schema2020 },
    ];

    public static void AddTo(McpServerHandlers handlers)
    {
        var (list, call) = (handlers.ListToolsHandler!, handlers.CallToolHandler!);
        handlers.ListToolsHandler = async (request, cancel) =>
        {
            var own = await list(request, cancel);
            own.Tools = [.. own.Tools, .. Tools];
            return own;
        };
        handlers.CallToolHandler = (request, cancel) => Tools.Any(tool => tool.Name == request.Params!.Name) ? CallAsync(request, cancel) : call(request, cancel);
    }

    private static async ValueTask<CallToolResult> CallAsync(RequestContext<CallToolRequestParams> call, CancellationToken cancel)
    {
        switch (call.Params!.Name)
        {
            case "test_image_content":
                return FixtureContent.Answer(FixtureContent.Image);
            case "test_audio_content":
                return FixtureContent.Answer(FixtureContent.Audio);
            case "test_embedded_resource":
                return FixtureContent.Answer(FixtureContent.Resource("test://embedded-resource", "text/plain", "This is an embedded resource content."));
            case "test_multiple_content_types":
                return FixtureContent.Answer(
                    FixtureContent.Text("Multiple content types test:"), FixtureContent.Image,
                    FixtureContent.Resource("test://mixed-content-resource", "application/json", """{"test":"data","value":123}"""));
            case "test_tool_with_logging" or "test_logging_tool":
                foreach (var text in new[] { "Tool execution started", "Tool processing data", "Tool execution completed" }) await LogAsync(call, text, cancel);
                return FixtureContent.Answer(FixtureContent.Text("Logged."));
            case "test_tool_with_progress":
                if (call.Params.ProgressToken is { } token)
                    foreach (var step in new[] { 0, 50, 100 })
                        await call.Server.NotifyProgressAsync(token, new ProgressNotificationValue { Progress = step, Total = 100 }, cancellationToken: cancel);
                return FixtureContent.Answer(FixtureContent.Text("Progressed."));
            case "test_error_handling":
                return new CallToolResult { Content = [FixtureContent.Text("This tool intentionally returns an error for testing")], IsError = true };
            case "test_missing_capability":
                if (call.JsonRpcRequest.Context?.ClientCapabilities?.Sampling is null)
                    throw new MissingRequiredClientCapabilityException(new ClientCapabilities { Sampling = new SamplingCapability() }, "This tool needs a client that can sample.");
                return FixtureContent.Answer(FixtureContent.Text("The client can sample."));
            case "test_streaming_elicitation":
                return FixtureInputs.Call("elicitation", call);
            case { } name when name.StartsWith(InputRequired, StringComparison.Ordinal):
                return FixtureInputs.Call(name[InputRequired.Length..], call);
            case "test_sampling" or "test_elicitation" or "test_elicitation_sep1034_defaults" or "test_elicitation_sep1330_enums":
                return await FixtureClientRequests.CallAsync(call, cancel);
            default:
                return FixtureContent.Answer(FixtureContent.Text("This is a simple text response for testing."));
        }
    }

    private static Task LogAsync(RequestContext<CallToolRequestParams> call, string text, CancellationToken cancel) =>
        call.JsonRpcRequest.Context?.LogLevel is null
            ? Task.CompletedTask
            : call.Server.SendNotificationAsync(
                NotificationMethods.LoggingMessageNotification,
                new LoggingMessageNotificationParams { Level = LoggingLevel.Info, Logger = "fixture", Data = JsonElement.Parse(JsonSerializer.Serialize(text)) },
                McpJsonUtilities.DefaultOptions,
                cancel);
}
