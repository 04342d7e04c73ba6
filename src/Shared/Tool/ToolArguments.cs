using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CodeExec.Shared.Packages;
using CodeExec.Shared.Settings;

namespace CodeExec.Shared.Tool;

/// <summary>The arguments of one call, checked. Immutable; any thread.</summary>
/// <param name="Code">The Python source.</param>
/// <param name="Packages">Distinct requirements in the caller's order.</param>
/// <param name="Background">Whether the caller wants the job's id rather than its result.</param>
public sealed record ToolArguments(string Code, IReadOnlyList<PackageRequirement> Packages, bool Background = false)
{
    private const string NoText =
        "is no text: it holds half of a surrogate pair (\\uD800 to \\uDFFF), or bytes that aren't UTF-8. Write the character itself, or its whole pair.";

    /// <summary>Checks what a client sent.</summary>
    /// <exception cref="ToolCallException">Something can't be used; the text says what, and what to send instead.</exception>
    public static ToolArguments Parse(IDictionary<string, JsonElement>? arguments, ToolOptions options)
    {
        arguments ??= new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var name in arguments.Keys)
            if (name is not ("code" or "packages") && !(options.JobTools && name is "background"))
                throw new ToolCallException($"Unknown argument {Quoted(name)}. The arguments are \"code\" (a string){(options.JobTools ? ", " : " and ")}\"packages\" (a list of strings, or null)"
                    + $"{(options.JobTools ? " and \"background\" (true or false)" : "")}. Leave it out.");
        return new ToolArguments(ParseCode(arguments, options), ParsePackages(arguments, options), ParseBackground(arguments));
    }

    /// <summary>Looks for text that can't be read at all, for which <see cref="Parse"/> would never be reached.</summary>
    /// <param name="arguments">The arguments as they came.</param>
    /// <returns>Null when all can be read, else what is wrong.</returns>
    public static string? Unreadable(JsonNode? arguments)
    {
        if (arguments is not JsonObject named) return null;
        foreach (var (name, value) in named)
            if (!IsReadable(value))
                return $"Argument {Quoted(name)} {NoText}";
        return null;
    }

    /// <summary>Whether every text in a value can be read; reading one that can't throws.</summary>
    internal static bool IsReadable(JsonNode? value) => value switch
    {
        JsonArray list => list.All(IsReadable),
        JsonObject named => named.All(pair => IsReadable(pair.Value)),
        JsonValue single when single.TryGetValue(out JsonElement element) => IsReadable(element),
        _ => true,
    };

    /// <summary>The same for a value of the other kind; names that can't be read throw.</summary>
    public static bool IsReadable(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Array => value.EnumerateArray().All(IsReadable),
        JsonValueKind.Object => value.EnumerateObject().All(member => IsReadable(member.Value)),
        JsonValueKind.String => Text(value) is not null,
        _ => true,
    };

    private static string ParseCode(IDictionary<string, JsonElement> arguments, ToolOptions options)
    {
        if (!arguments.TryGetValue("code", out var value))
            throw new ToolCallException("Argument \"code\" is missing. Send the Python source as a string.");
        if (value.ValueKind != JsonValueKind.String)
            throw new ToolCallException($"Argument \"code\" is {Kind(value)}; it must be a string with the Python source.");
        var code = Text(value) ?? throw new ToolCallException($"Argument \"code\" {NoText}");
        if (code.Trim().Length == 0)
            throw new ToolCallException("Argument \"code\" is empty. Send the Python source, such as print(2+2).");
        var nul = code.IndexOf('\0', StringComparison.Ordinal);
        if (nul >= 0)
            throw new ToolCallException($"Argument \"code\" has a NUL character at position {nul}, which Python source can't hold. Write \\x00 inside a Python string instead.");
        var bytes = Encoding.UTF8.GetByteCount(code);
        if (bytes > options.MaxCodeBytes)
            throw new ToolCallException($"Argument \"code\" has {bytes} bytes; the limit is {options.MaxCodeBytes}. Let the code fetch or make its data instead of holding it.");
        return code;
    }

    private static List<PackageRequirement> ParsePackages(IDictionary<string, JsonElement> arguments, ToolOptions options)
    {
        if (!arguments.TryGetValue("packages", out var value) || value.ValueKind == JsonValueKind.Null) return [];
        if (value.ValueKind != JsonValueKind.Array)
            throw new ToolCallException($"Argument \"packages\" is {Kind(value)}; it must be a list of package requirements such as [\"numpy\"], or null.");
        if (value.GetArrayLength() > options.MaxPackages)
            throw new ToolCallException($"Argument \"packages\" has {value.GetArrayLength()} entries; the limit is {options.MaxPackages}. Name the packages that the code imports; what they need is installed with them.");

        var packages = new List<PackageRequirement>();
        foreach (var (index, entry) in value.EnumerateArray().Index())
        {
            if (entry.ValueKind != JsonValueKind.String)
                throw new ToolCallException($"Argument \"packages\"[{index}] is {Kind(entry)}; it must be a string such as \"numpy\".");
            var text = Text(entry) ?? throw new ToolCallException($"Argument \"packages\"[{index}] {NoText}");
            if (PackageRequirement.TryParse(text, out var requirement) is { } fault)
                throw new ToolCallException($"Argument \"packages\"[{index}] {Quoted(text)} {fault}.");
            if (!packages.Contains(requirement!)) packages.Add(requirement!);
        }
        return packages;
    }

    private static bool ParseBackground(IDictionary<string, JsonElement> arguments)
    {
        if (!arguments.TryGetValue("background", out var value)) return false;
        return value.ValueKind is JsonValueKind.True or JsonValueKind.False
            ? value.GetBoolean()
            : throw new ToolCallException($"Argument \"background\" is {Kind(value)}; it must be true or false.");
    }

    // GetString throws on a lone surrogate, which a JSON string may spell and text can't hold (RFC 8259, section 8.2), and on bytes that
    // aren't UTF-8.
    private static string? Text(JsonElement value)
    {
        try { return value.GetString(); }
        catch (InvalidOperationException) { return null; }
    }

    private static string Kind(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Array => "a list",
        JsonValueKind.Object => "an object",
        JsonValueKind.Number => "a number",
        JsonValueKind.True or JsonValueKind.False => "true or false",
        JsonValueKind.Null => "null",
        _ => "a string",
    };

    /// <summary>A text of the caller's, repeated so that it is found, but never at a length that would drown the message.</summary>
    public static string Quoted(string text)
    {
        var shown = new string([.. text.Take(80).Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '?' : c)]);
        return text.Length > 80 ? $"\"{shown}…\"" : $"\"{shown}\"";
    }
}
