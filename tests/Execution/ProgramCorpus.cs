using System.Text.RegularExpressions;
using CodeExec.Tests.EndToEnd;

namespace CodeExec.Tests.Execution;

/// <summary>Small programs by name, from the files in programs: each begins with a line "#: NAME", and ␀ stands for the byte zero.</summary>
internal static partial class ProgramCorpus
{
    /// <summary>The names of the programs in a file.</summary>
    public static IEnumerable<string> Names(string file) => In(file).Select(program => program.Groups["name"].Value);

    /// <summary>One program's code.</summary>
    public static string Code(string file, string name) =>
        In(file).Single(program => program.Groups["name"].Value == name).Groups["code"].Value.Replace('␀', '\0');

    private static MatchCollection In(string file) => Program().Matches(File.ReadAllText(Path.Combine(Checkout.Root, "tests/Execution/programs", $"{file}.py")));

    [GeneratedRegex(@"^#: (?<name>.*)\n(?<code>(?:(?!#: ).*\n)*)", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Program();
}
