using System.Text;
using CodeExec.Cli.Running;

namespace CodeExec.Cli.Inference;

/// <summary>Shows an agent's words on standard output, and what its tools are asked and answer on standard error, dim.</summary>
public sealed class LiveAgentDisplay : IAgentDisplay
{
    // A tool's answer may be 256 KB; --json has all of it.
    private const int ShownLetters = 4000;

    /// <inheritdoc/>
    public async Task ShowAsync(AgentEvent happened)
    {
        if (happened.Kind is "tool.error") await NoteAsync($"{happened.ToolName} failed: {happened.Fault}");
        else if (happened.IsToolAnswer) await NoteAsync($"← {happened.ToolName}: {Shortened(happened.Content ?? "")}");
        else if (happened.Content is { Length: > 0 } said) await OutputDescriptor.Stdout.WriteAsync(Encoding.UTF8.GetBytes(said.EndsWith('\n') ? said : said + "\n"));
        foreach (var (name, arguments) in happened.ToolCalls) await NoteAsync($"→ {name} {Shortened(arguments)}");
    }

    private static string Shortened(string text) => text.Length <= ShownLetters ? text : $"{text[..ShownLetters]}… ({text.Length - ShownLetters} letters more; --json shows them)";

    private static Task NoteAsync(string text) => Console.Error.WriteLineAsync(Terminal.Dim(text));
}
