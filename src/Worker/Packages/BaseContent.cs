using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using CodeExec.Shared.Packages;
using CodeExec.Worker.Execution;
using CodeExec.Worker.Processes;
using CodeExec.Worker.Sandbox;

namespace CodeExec.Worker.Packages;

/// <summary>
/// Knows what the base already holds. Asking takes a Python start, so answers are kept: a base, once in place, doesn't change. Any thread.
/// </summary>
internal sealed class BaseContent(SandboxPlan plan)
{
    // Callers may ask for any number of sets.
    private const int MostAnswers = 1000;
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(20);

    private readonly ConcurrentDictionary<string, IReadOnlySet<string>> _projects = new(StringComparer.Ordinal);
    private readonly RememberedAnswers _answers = new(MostAnswers);

    /// <summary>Whether the base satisfies a set, with all it needs.</summary>
    /// <param name="requirements">The set.</param>
    /// <param name="key">The key of the environment that would be built for it.</param>
    /// <param name="environment">The base, in use meanwhile.</param>
    /// <param name="cancel">Ends the question.</param>
    public async Task<bool> SatisfiesAsync(IReadOnlyList<PackageRequirement> requirements, string key, PackageEnvironment environment, CancellationToken cancel)
    {
        if (_answers[key] is { } known) return known;
        // Most sets name something that isn't there at all, and that needs no pip to see (importing its library takes 100 ms), nor an answer
        // that is kept. What stands under a marker may not be wanted on this host.
        var projects = await ProjectsAsync(environment, cancel);
        if (requirements.Any(requirement => !requirement.Text.Contains(';', StringComparison.Ordinal) && !projects.Contains(requirement.Name))) return false;
        var (exit, _) = await AskAsync(environment, "check_installed.py", requirements.Select(requirement => requirement.Text), cancel);
        return _answers.Keep(key, exit.ReturnCode == 0);
    }

    /// <summary>Whether the base was found to satisfy a set before.</summary>
    public bool IsKnownToSatisfy(string key) => _answers[key] == true;

    private async Task<IReadOnlySet<string>> ProjectsAsync(PackageEnvironment environment, CancellationToken cancel)
    {
        if (_projects.TryGetValue(environment.Key, out var known)) return known;
        var (exit, output) = await AskAsync(environment, "list_installed.py", [], cancel);
        // Metadata that can't be read: nothing counts as installed, and what is asked for is installed anew.
        var names = exit.ReturnCode == 0 ? JsonNode.Parse(output)!.AsArray().Select(name => name!.GetValue<string>()) : [];
        return _projects[environment.Key] = names.Select(PackageRequirement.Normalize).ToHashSet(StringComparer.Ordinal);
    }

    private Task<CapturedOutput> AskAsync(PackageEnvironment environment, string script, IEnumerable<string> arguments, CancellationToken cancel) =>
        CapturedCommand.RunAsync(new ChildCommand(environment.Python, ["-I", "-c", PythonScripts.Text(script), .. arguments], CodeEnvironment.Inherited(), "/", Confinement: plan.ForQuestion(environment)), AnswerLimit, cancel);
}
