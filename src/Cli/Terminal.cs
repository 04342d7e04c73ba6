namespace CodeExec.Cli;

/// <summary>Whether a person watches, and the few colours that are used then.</summary>
/// <seealso href="https://no-color.org/"/>
public static class Terminal
{
    /// <summary>Whether standard error is a terminal.</summary>
    public static bool ShowsStderr { get; } = !Console.IsErrorRedirected;

    /// <summary>Text that matters less than the program's own output, on standard error.</summary>
    public static string Dim(string text) => Paint(text, "2", ShowsStderr);

    /// <summary>Text on standard output in a colour, by its ANSI number.</summary>
    public static string Colour(string text, string ansi) => Paint(text, ansi, !Console.IsOutputRedirected);

    private static string Paint(string text, string ansi, bool shown) =>
        shown && Environment.GetEnvironmentVariable("NO_COLOR") is null or "" && Environment.GetEnvironmentVariable("TERM") is not "dumb"
            ? $"\e[{ansi}m{text}\e[0m"
            : text;
}
