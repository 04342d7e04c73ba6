using System.Buffers;
using System.Globalization;
using System.Text.Json;
using CodeExec.Shared.Jobs;
using CodeExec.Shared.Settings;
using ModelContextProtocol;

namespace CodeExec.Shared.Tool;

/// <summary>The one tool as clients see it: name, description, schemas, annotations. The same for every transport.</summary>
/// <seealso href="https://modelcontextprotocol.io/specification/2025-11-25/server/tools"/>
public static class ToolDefinition
{
    /// <summary>The tool's name; agents and Heroku's Inference service use it, so it never changes.</summary>
    public const string Name = "code_exec_python";

    // Written as text: a schema is read by people and models, and no serializer metadata is needed to make it.
    private const string InputSchema = """
        {
          "type": "object",
          "properties": {
            "code": {
              "type": "string",
              "description": "The Python source to run, as the whole of a file main.py. Print what you want to see."
            },
            "packages": {
              "anyOf": [
                { "type": "array", "items": { "type": "string" } },
                { "type": "null" }
              ],
              "default": null,
              "description": "Packages to install from the package index first, as pip requirements: \"numpy\", \"pandas>=2\", \"requests[socks]\". Options, URLs and paths are refused."
            }<background>
          },
          "required": ["code"],
          "additionalProperties": false
        }
        """;

    private const string BackgroundProperty = """
        ,
            "background": {
              "type": "boolean",
              "default": false,
              "description": "Answer at once with a job_id and run the code in the background, for code that takes longer than you can wait for one answer. The time limit stays the same. Ask job_result for the result."
            }
        """;

    private const string JobIdProperty = """
        ,
            "job_id": { "type": "string", "description": "There when the code runs in the background." }
        """;

    /// <summary>The output schema where code can run in the background: a call is answered with a result, or with a job's id.</summary>
    internal static string OutputSchemaWithJobs =>
        OutputSchema(JobToolDefinitions.AnyStatus, JobIdProperty, $$"""
            "anyOf": [{ "required": ["job_id", "status"] }, { {{ResultRequired}} }]
            """);

    private static string OutputSchema(string statuses, string furtherProperty, string required) => $$"""
        {
          "type": "object",
          "properties": {
            "returncode": { "type": "integer", "description": "Python's exit code; -N when signal N ended it; -2 when the time limit did, -9 when another limit did; pip's code when installing failed." },
            "stdout": { "type": "string", "description": "What the code printed, without white space at either end." },
            "stderr": { "type": "string", "description": "Errors and tracebacks, without white space at either end." },
            "status": { "enum": [{{statuses}}] },
            "duration_ms": { "type": "integer", "description": "Time that Python ran." },
            "install_ms": { "type": "integer", "description": "Time spent on installing packages; not part of the time limit." },
            "queue_ms": { "type": "integer", "description": "Time spent waiting for a free slot." },
            "packages_cache": { "enum": ["none", "hit", "miss"] },
            "truncated": {
              "type": "object",
              "description": "There when output was left out: bytes printed, and how many of them are missing in the middle.",
              "properties": {
                "stdout_bytes": { "type": "integer" },
                "stdout_omitted_bytes": { "type": "integer" },
                "stderr_bytes": { "type": "integer" },
                "stderr_omitted_bytes": { "type": "integer" }
              },
              "required": ["stdout_bytes", "stdout_omitted_bytes", "stderr_bytes", "stderr_omitted_bytes"]
            },
            "hint": { "type": "string", "description": "What would help, when that is known." }{{furtherProperty}}
          },
          {{required}}
        }
        """;

    private const string ResultRequired = """
        "required": ["returncode", "stdout", "stderr", "status", "duration_ms", "install_ms", "queue_ms", "packages_cache"]
        """;

    /// <summary>The definition, with the limits that hold here in its description.</summary>
    public static ModelContextProtocol.Protocol.Tool Create(ToolOptions options)
    {
        var written = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(written)) Write(json, options);
        return JsonSerializer.Deserialize(written.WrittenSpan, McpJsonUtilities.DefaultOptions.GetTypeInfo<ModelContextProtocol.Protocol.Tool>())!;
    }

    /// <summary>Writes the definition as one JSON object.</summary>
    public static void Write(Utf8JsonWriter json, ToolOptions options)
    {
        json.WriteStartObject();
        json.WriteString("name", Name);
        json.WriteString("title", Title);
        json.WriteString("description", Description(options));
        // Parsed, because their line breaks can't stand in a message of one line.
        json.WritePropertyName("inputSchema");
        JsonElement.Parse(InputSchema.Replace("<background>", options.JobTools ? BackgroundProperty : "", StringComparison.Ordinal)).WriteTo(json);
        json.WritePropertyName("outputSchema");
        JsonElement.Parse(options.JobTools ? OutputSchemaWithJobs : OutputSchema(ResultStatuses, "", ResultRequired)).WriteTo(json);
        // All five: at least one public client fails when a field is missing (Heroku's v1/mcp/servers lists them all).
        json.WriteStartObject("annotations");
        json.WriteString("title", Title);
        json.WriteBoolean("readOnlyHint", false);
        json.WriteBoolean("destructiveHint", true);
        json.WriteBoolean("idempotentHint", false);
        json.WriteBoolean("openWorldHint", true);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private const string Title = "Run Python";

    private static string ResultStatuses => string.Join(", ", ExecutionStatusNames.All.Select(name => $"\"{name}\""));

    private static string Network(SandboxOptions sandbox) => sandbox.Network switch
    {
        NetworkAccess.Off => "The network can't be reached: send the data with the code.",
        NetworkAccess.Ports => $"Of the network, these TCP ports can be reached: {string.Join(", ", sandbox.Ports)}.",
        _ => "The network can be reached.",
    };

    private static string Description(ToolOptions options) => string.Create(CultureInfo.InvariantCulture, $"""
        Runs Python code and returns a JSON object with "returncode", "stdout" and "stderr".
        - Each call is a fresh Python process in an empty private folder: no variable, file or import of an earlier call is there. Send everything the code needs.
        - Only what is printed comes back: end with print(...).
        - Packages named in "packages" are installed from the package index first (wheels only, cached between calls).
        - {Network(options.Sandbox)} Standard input is empty.
        - The code may run for {options.RunTimeout.TotalSeconds:0} seconds; after that it is stopped, returncode is -2 and "stdout" holds what was printed until then. Of each output stream {options.MaxOutputBytes / 1024} KiB are kept, the beginning and the end.
        - A non-zero returncode means that the code failed, not the tool: read "stderr" (and "hint", when there is one), correct the code, call again.
        """);
}
