using CodeExec.Shared.Settings;
using CodeExec.Worker.Sandbox;

namespace CodeExec.Cli.Doctor;

/// <summary>Which layers of the sandbox this host has. Each was tried in a process that was thrown away.</summary>
public static class SandboxExamination
{
    /// <summary>A finding for each layer.</summary>
    /// <param name="settings">The settings.</param>
    /// <param name="interpreter">The Python that applies the layers; null when there is none.</param>
    /// <param name="cancel">Ends the trial.</param>
    public static async Task<IReadOnlyList<Finding>> ExamineAsync(ServiceSettings settings, string? interpreter, CancellationToken cancel)
    {
        var plan = new SandboxPlan(settings);
        var unfinished = interpreter is null ? null : await plan.TryAsync(interpreter, cancel);
        var trial = unfinished is null ? Array.Empty<Finding>() : [new Finding("sandbox", Health.Warn, $"the layers could not be tried: {unfinished}", "What follows is what the kernel says that it has. Run doctor again.")];
        return [.. trial, .. plan.Layers.Select(finding => finding.State switch
        {
            LayerState.On => new Finding($"sandbox: {finding.Layer.Name}", Health.Ok, finding.Detail),
            LayerState.NotNeeded => new Finding($"sandbox: {finding.Layer.Name}", Health.Ok, $"not needed: {finding.Detail}"),
            _ => new Finding($"sandbox: {finding.Layer.Name}", plan.Mode is SandboxMode.Strict ? Health.Fail : Health.Warn, $"off: {finding.Detail}", finding.Layer.Reason),
        })];
    }
}
