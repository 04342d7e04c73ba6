using System.Text;
using System.Text.Json.Nodes;
using CodeExec.Cli.Mcp;

namespace CodeExec.Cli.Doctor;

/// <summary>Writes findings for people or for programs.</summary>
public static class FindingsText
{
    /// <summary>One line per finding, with what to do under it.</summary>
    public static string Table(IReadOnlyList<Finding> findings)
    {
        var width = findings.Max(finding => finding.Name.Length);
        var text = new StringBuilder();
        foreach (var (name, health, found, advice) in findings)
        {
            var label = health switch { Health.Ok => Terminal.Colour("ok  ", "32"), Health.Warn => Terminal.Colour("warn", "33"), _ => Terminal.Colour("FAIL", "31") };
            text.Append($"{label}  {name.PadRight(width)}  {found}\n");
            if (advice is not null) text.Append($"{new string(' ', width + 8)}→ {advice}\n");
        }
        return text.ToString();
    }

    /// <summary>An object with <c>ok</c> and the list of findings.</summary>
    public static string Json(IReadOnlyList<Finding> findings) => new JsonObject
    {
        ["ok"] = !findings.Any(finding => finding.Health is Health.Fail),
        ["findings"] = new JsonArray([.. findings.Select(finding => (JsonNode)new JsonObject
        {
            ["name"] = finding.Name,
            ["health"] = finding.Health switch { Health.Ok => "ok", Health.Warn => "warn", _ => "fail" },
            ["found"] = finding.Found,
            ["advice"] = finding.Advice,
        })]),
    }.ToJsonString(JsonText.Indented) + "\n";
}
