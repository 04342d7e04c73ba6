using System.Text.Encodings.Web;
using System.Text.Json;

namespace CodeExec.Cli.Mcp;

/// <summary>How JSON is written for people and for <c>jq</c>: letters as they are.</summary>
public static class JsonText
{
    /// <summary>Indented by 2.</summary>
    public static JsonSerializerOptions Indented { get; } = new() { WriteIndented = true, IndentSize = 2, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>On one line.</summary>
    public static JsonSerializerOptions OneLine { get; } = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
}
