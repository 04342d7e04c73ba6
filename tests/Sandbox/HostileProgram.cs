using System.Text.RegularExpressions;
using CodeExec.Tests.EndToEnd;

namespace CodeExec.Tests.Sandbox;

/// <summary>
/// Attacks by name, from the files in attacks: each begins with a line "#: NAME". What gets where it shouldn't says so (<c>reached()</c>) or
/// prints a secret; words in braces stand for what only the test knows.
/// </summary>
internal static partial class HostileProgram
{
    /// <summary>What an attack that got through prints.</summary>
    public const string Reached = "REACHED";

    /// <summary>A piece of each of the worker's secrets.</summary>
    public const string Secret = "s3cret";

    /// <summary>The names of the attacks in a file.</summary>
    public static IEnumerable<string> Names(string file) => In(file).Select(attack => attack.Groups["name"].Value);

    /// <summary>One attack's code.</summary>
    /// <param name="file">The file.</param>
    /// <param name="name">Its name.</param>
    /// <param name="words">What stands for the words in braces.</param>
    public static string Code(string file, string name, IReadOnlyDictionary<string, string> words)
    {
        var code = In(file).Single(attack => attack.Groups["name"].Value == name).Groups["code"].Value;
        // In parts, so that a traceback that shows the line is no confession.
        return $"def reached(): print('REA' + 'CHED', flush=True)\n{Word().Replace(code, match => words.GetValueOrDefault(match.Groups["word"].Value, match.Value))}";
    }

    private static MatchCollection In(string file) => Attack().Matches(File.ReadAllText(Path.Combine(Checkout.Root, "tests/Sandbox/attacks", $"{file}.py")));

    [GeneratedRegex(@"^#: (?<name>.*)\n(?<code>(?:(?!#: ).*\n)*)", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Attack();

    [GeneratedRegex(@"\{(?<word>[A-Z_]+)\}", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Word();
}
