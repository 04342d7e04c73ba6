using System.Runtime.InteropServices;
using CodeExec.Shared.Running;
using CodeExec.Shared.Settings;
using CodeExec.Worker.Execution;

namespace CodeExec.Cli.Doctor;

/// <summary>Looks at everything that CodeExec stands on, from the ground up. Changes nothing on the host.</summary>
public static class Examination
{
    private const string PipAdvice = "Install pip (Debian and Ubuntu: apt-get install python3-pip; elsewhere: python3 -m ensurepip), or calls can't ask for packages.";

    // An interpreter behind a version manager, or on a network share, may be slow; one that needs longer than this is of no use.
    private static readonly TimeSpan PythonLimit = TimeSpan.FromSeconds(30);

    /// <summary>All findings, in order.</summary>
    public static async Task<IReadOnlyList<Finding>> RunAsync(CancellationToken cancel)
    {
        var findings = new List<Finding> { Runtime() };
        var settings = ReadSettings(findings);
        var (python, interpreter) = await PythonAsync(settings.Execution.Python, cancel);
        findings.AddRange(python);
        findings.AddRange(await SandboxExamination.ExamineAsync(settings, interpreter, cancel));
        findings.Add(PackageIndex(settings.Packages));
        findings.Add(FolderExamination.Examine("package cache", settings.Packages.CacheDirectory, "PACKAGE_CACHE_DIR", settings.Packages.CacheMaxBytes));
        findings.Add(FolderExamination.Examine("work folder", settings.Execution.WorkDirectory, "WORK_DIR", null));
        findings.Add(Resources(settings.Execution));
        findings.Add(Http());
        return findings;
    }

    private static Finding Runtime() => new(
        ".NET",
        OperatingSystem.IsLinux() ? Health.Ok : Health.Warn,
        $"{RuntimeInformation.FrameworkDescription} on {RuntimeInformation.OSDescription} ({RuntimeInformation.OSArchitecture})",
        OperatingSystem.IsLinux() ? null : "CodeExec is made for Linux; elsewhere it is not tested.");

    private static ServiceSettings ReadSettings(List<Finding> findings)
    {
        try
        {
            var settings = ServiceSettings.FromProcess(servesHttp: false);
            findings.Add(new Finding("settings", Health.Ok, "all can be used"));
            return settings;
        }
        catch (SettingsException fault)
        {
            findings.AddRange(fault.Faults.Select(sentence => new Finding("settings", Health.Fail, sentence, "The rows below are for the defaults.")));
            return new ServiceSettings();
        }
    }

    private static async Task<(IReadOnlyList<Finding> Findings, string? Interpreter)> PythonAsync(string nameOrPath, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(PythonLimit);
        try
        {
            var python = await PythonInterpreter.FindAsync(nameOrPath, limit.Token);
            return (
            [
                new Finding("Python", Health.Ok, $"{python.Version} at {python.Path}"),
                python.PipVersion is { } pip ? new Finding("pip", Health.Ok, pip) : new Finding("pip", Health.Fail, "not there", PipAdvice),
            ], python.Path);
        }
        catch (RunnerException fault)
        {
            return ([new Finding("Python", Health.Fail, fault.Message)], null);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return ([new Finding("Python", Health.Fail, $"\"{nameOrPath}\" did not answer within {PythonLimit.TotalSeconds:0} s", "Point PYTHON at an interpreter that does.")], null);
        }
    }

    // Names alone: an index's address often holds a password.
    private static Finding PackageIndex(PackageOptions packages) => new(
        "package index",
        Health.Ok,
        packages.PipEnvironment.Count == 0 ? "pip's own settings" : $"set by {string.Join(", ", packages.PipEnvironment.Keys.Order(StringComparer.Ordinal))}");

    private static Finding Resources(ExecutionOptions execution)
    {
        var memory = HostResources.MemoryBytes(Environment.GetEnvironmentVariables().Cast<System.Collections.DictionaryEntry>()
            .ToDictionary(variable => (string)variable.Key, variable => (string?)variable.Value ?? "", StringComparer.Ordinal));
        return new Finding(
            "resources",
            Health.Ok,
            $"{memory / (1024 * 1024)} MB of memory, {Environment.ProcessorCount} cores: {execution.Concurrency} jobs at once, {execution.QueueLimit} waiting (WORKER_CONCURRENCY, QUEUE_LIMIT)");
    }

    private static Finding Http()
    {
        try
        {
            var web = ServiceSettings.FromProcess(servesHttp: true).Web;
            var keys = web.ApiKeys.Count switch { 0 => "no key, this machine only", 1 => "one API key", var several => $"{several} API keys" };
            return new Finding("serve", Health.Ok, $"would listen on {web.Host}, port {web.Port}: {keys}");
        }
        catch (SettingsException fault)
        {
            return new Finding("serve", Health.Warn, string.Join(' ', fault.Faults), "Only `codeexec serve` needs this.");
        }
    }
}
