using System.Text.Json;

namespace CodeExec.Shared.Tool;

/// <summary>The arguments of one call of a job tool, checked. Immutable.</summary>
/// <param name="JobId">The job that is meant.</param>
/// <param name="Wait">How long to wait for its end.</param>
internal sealed record JobToolArguments(string JobId, TimeSpan Wait)
{
    /// <summary>Longest that an answer may be waited for, in seconds: many clients wait for a minute, and no longer.</summary>
    public const int MostSeconds = 50;

    private const string JobIdName = "job_id";
    private const string WaitName = "wait_seconds";

    /// <summary>Checks what a client sent.</summary>
    /// <exception cref="ToolCallException">Something can't be used; the text says what, and what to send instead.</exception>
    public static JobToolArguments Parse(string tool, IDictionary<string, JsonElement>? arguments)
    {
        arguments ??= new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        var waits = tool is JobToolDefinitions.Result;
        foreach (var name in arguments.Keys)
            if (name is not JobIdName && !(waits && name is WaitName))
                throw new ToolCallException($"Unknown argument {ToolArguments.Quoted(name)}. {tool} takes \"{JobIdName}\"{(waits ? $" and \"{WaitName}\"" : "")}. Leave it out.");
        if (!arguments.TryGetValue(JobIdName, out var id) || id.ValueKind != JsonValueKind.String)
            throw new ToolCallException($"Argument \"{JobIdName}\" is missing or not a string. Send the id that code_exec_python answered with.");
        var wait = 0;
        if (arguments.TryGetValue(WaitName, out var seconds) && (seconds.ValueKind != JsonValueKind.Number || !seconds.TryGetInt32(out wait) || wait is < 0 or > MostSeconds))
            throw new ToolCallException($"Argument \"{WaitName}\" is {seconds.GetRawText()}; it must be a whole number from 0 to {MostSeconds}. Ask again for longer waits.");
        return new JobToolArguments(Id(id), TimeSpan.FromSeconds(wait));
    }

    // Anything else was never given out, and goes no further: it is part of keys and of texts.
    private static string Id(JsonElement id) =>
        id.GetString() is { Length: 12 } text && text.All(char.IsAsciiHexDigitLower)
            ? text
            : throw new ToolCallException($"Argument \"{JobIdName}\" is no job's id: that has 12 hexadecimal digits. Send the one that code_exec_python answered with.");
}
