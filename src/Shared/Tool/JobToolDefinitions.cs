using System.Text.Json;
using CodeExec.Shared.Jobs;
using ModelContextProtocol.Protocol;

namespace CodeExec.Shared.Tool;

/// <summary>The job tools as clients see them.</summary>
internal static class JobToolDefinitions
{
    public const string Status = "job_status";
    public const string Result = "job_result";
    public const string Cancel = "job_cancel";

    /// <summary>The status of a job that waits.</summary>
    public const string Queued = "queued";

    /// <summary>The status of a job that runs.</summary>
    public const string Running = "running";

    private const string JobId = """ "job_id": { "type": "string", "description": "What code_exec_python answered with when it was called with background: true." } """;

    /// <summary>What both kinds of answer have: how far the job is, or how it ended.</summary>
    public static string AnyStatus { get; } = string.Join(", ", new[] { Queued, Running }.Concat(ExecutionStatusNames.All).Select(name => $"\"{name}\""));

    public static IReadOnlyList<ModelContextProtocol.Protocol.Tool> Create() =>
    [
        Create(Status, "Job status", "Tells whether code started in the background is queued, running, or how it ended.", JobId, StateSchema(), changesNothing: true),
        Create(
            Result, "Job result", "Returns the result of code started in the background, as code_exec_python would have; while it runs, its state.",
            $$"""{{JobId}}, "wait_seconds": { "type": "integer", "minimum": 0, "maximum": {{JobToolArguments.MostSeconds}}, "default": 0, "description": "Seconds to wait for the end; answers sooner when the code ends sooner." } """,
            ToolDefinition.OutputSchemaWithJobs, changesNothing: true),
        Create(Cancel, "Cancel job", "Ends code that was started in the background. What it printed until then stays in its result.", JobId, StateSchema(), changesNothing: false),
    ];

    private static ModelContextProtocol.Protocol.Tool Create(string name, string title, string description, string properties, string outputSchema, bool changesNothing) => new()
    {
        Name = name,
        Title = title,
        Description = description,
        InputSchema = JsonElement.Parse($$"""{ "type": "object", "properties": { {{properties}} }, "required": ["job_id"], "additionalProperties": false }"""),
        OutputSchema = JsonElement.Parse(outputSchema),
        // All five, as for code_exec_python.
        Annotations = new ToolAnnotations { Title = title, ReadOnlyHint = changesNothing, DestructiveHint = !changesNothing, IdempotentHint = true, OpenWorldHint = false },
    };

    private static string StateSchema() => $$"""
        {
          "type": "object",
          "properties": {
            "job_id": { "type": "string" },
            "status": { "enum": [{{AnyStatus}}] },
            "returncode": { "type": "integer", "description": "There when the job is over." },
            "hint": { "type": "string", "description": "What would help, when that is known." }
          },
          "required": ["job_id", "status"]
        }
        """;
}
