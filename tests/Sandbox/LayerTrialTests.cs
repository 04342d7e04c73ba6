using CodeExec.Shared.Settings;
using CodeExec.Tests.Support;
using CodeExec.Worker.Sandbox;
using Microsoft.Extensions.Logging;

namespace CodeExec.Tests.Sandbox;

/// <summary>What a trial of the layers finds out changes what auto does, never what strict promises; one that came to no end changes nothing.</summary>
public sealed class LayerTrialTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(SandboxMode.Strict, true)]
    [InlineData(SandboxMode.Auto, false)]
    public async Task A_layer_that_the_trial_shows_to_be_refused_is_still_demanded_where_strict_asks_for_it(SandboxMode mode, bool isDemanded)
    {
        if (LandlockRuleset.Version < 6) return;
        var plan = new SandboxPlan(new ServiceSettings { Sandbox = new SandboxOptions { Mode = mode } });
        Assert.Null(await plan.TryAsync(PythonWithoutC(), CancellationToken.None));
        Assert.Contains(plan.Missing, finding => finding.Layer == SandboxLayer.Files);
        Assert.Equal(isDemanded, plan.ConfinesFiles);
    }

    [Fact]
    public async Task Auto_runs_code_there_with_the_layers_that_are_left()
    {
        var python = PythonWithoutC();
        await using var service = new TestService(options => options with { Python = python });
        await service.Local.PrepareAsync(CancellationToken.None);
        Assert.Equal("ran\n", (await service.RunAsync("print('ran')")).Stdout);
        Assert.Contains(service.Logs.Lines, line => line.Contains("This host lacks layers of the sandbox", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_strict_process_runs_no_code_and_ends_as_at_a_bad_setting_once_the_trial_shows_that_a_layer_is_refused()
    {
        if (LandlockRuleset.Version < 6) return;
        await using var worker = WorkerProcess.Start(_folder, settings: [("SANDBOX", "strict"), ("PYTHON", PythonWithoutC())]);
        // Before the trial, which waits for a second.
        Assert.Contains("so nothing was started", (await worker.CallAsync(1, "print('ran')")).GetRawText(), StringComparison.Ordinal);
        var (code, stderr) = await worker.ExitAsync();
        Assert.Equal(78, code);
        Assert.Contains("SANDBOX=strict, but the layer \"files\" is missing", stderr, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("killed")]
    [InlineData("not started")]
    public async Task A_trial_that_came_to_no_end_gives_up_no_layer_and_is_made_again(string how)
    {
        // The first time it is killed, as by a host without memory, or can't be started.
        Directory.CreateDirectory(_folder["bin"]);
        var python = _folder.Write("bin/python", $"#!/bin/sh\nif mkdir {_folder["once"]} 2>/dev/null; then kill -9 $$; fi\nexec {TestService.Python} \"$@\"\n");
        if (how == "killed") File.SetUnixFileMode(python, (UnixFileMode)0b111_101_101);
        using var logs = new CollectedLogs();
        var time = new ManualTime();
        var plan = new SandboxPlan(new ServiceSettings());
        var before = plan.Layers;
        await using var trial = new LayerTrial(plan, time, logs.CreateLogger<LayerTrial>());

        await trial.BeginAsync(python, CancellationToken.None);
        Assert.Equal(before, plan.Layers);
        Assert.Contains("could not be tried", Assert.Single(logs.Lines), StringComparison.Ordinal);

        File.SetUnixFileMode(python, (UnixFileMode)0b111_101_101);
        Directory.CreateDirectory(_folder["once"]);
        await time.PassAsync(TimeSpan.FromSeconds(10));
        await Eventually.HoldsAsync(() => logs.Lines.Any(line => line.Contains("Code is confined by", StringComparison.Ordinal)), "a second trial");
        Assert.Equal(before, plan.Layers);
    }

    // All of the real one but the module that calls C, without which no layer of the kernel's can be asked for.
    private string PythonWithoutC()
    {
        var real = File.ResolveLinkTarget(TestService.Python, returnFinalTarget: true)?.FullName ?? TestService.Python;
        var modules = Path.Combine("lib", Path.GetFileName(real));
        var place = _folder[modules];
        Directory.CreateDirectory(Path.Combine(place, "lib-dynload"));
        Directory.CreateDirectory(_folder["bin"]);
        var source = Path.Combine(Path.GetDirectoryName(Path.GetDirectoryName(real))!, modules);
        foreach (var module in Directory.EnumerateFileSystemEntries(source).Where(path => Path.GetFileName(path) != "lib-dynload"))
            File.CreateSymbolicLink(Path.Combine(place, Path.GetFileName(module)), module);
        foreach (var module in Directory.EnumerateFiles(Path.Combine(source, "lib-dynload")).Where(path => !Path.GetFileName(path).StartsWith("_ctypes.", StringComparison.Ordinal)))
            File.CreateSymbolicLink(Path.Combine(place, "lib-dynload", Path.GetFileName(module)), module);
        File.Copy(real, _folder["bin/python3"]);
        return _folder["bin/python3"];
    }
}
