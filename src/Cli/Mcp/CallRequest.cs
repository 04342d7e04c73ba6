using System.Text.Json;
using System.Text.Json.Nodes;

namespace CodeExec.Cli.Mcp;

/// <summary>Reads what <c>--args</c> was given: the parameters of <c>tools/call</c>.</summary>
public static class CallRequest
{
    private const string Example = """--args '{"name": "code_exec_python", "arguments": {"code": "print(2+2)"}}'""";

    /// <summary>The object as it was typed; the arguments themselves are the server's to judge.</summary>
    /// <exception cref="UsageException">It is no JSON object with a tool's name.</exception>
    public static JsonObject Parse(string? text)
    {
        if (text is null) throw new UsageException($"--args is missing. Write it as in {Example}");
        try
        {
            if (JsonNode.Parse(text) is not JsonObject request) throw new UsageException($"--args must be a JSON object. Write it as in {Example}");
            if (request["name"] is not JsonValue name || !name.TryGetValue<string>(out _)) throw new UsageException($"--args has no \"name\", the name of the tool. Write it as in {Example}");
            return request;
        }
        catch (JsonException fault)
        {
            throw new UsageException($"--args is not JSON: line {fault.LineNumber + 1}, byte {fault.BytePositionInLine + 1} can't be read. Write it as in {Example}");
        }
        catch (ArgumentException)
        {
            throw new UsageException($"--args names a field twice. Write it as in {Example}");
        }
    }
}
