using System.Text.Json;
using CodeExec.Tests.Support;

namespace CodeExec.Tests.Limits;

/// <summary>
/// Programs that take all they can get: each ends with a result that says why, and worker, host and the next caller are as before.
/// </summary>
public abstract class ExhaustionTests(AttackedWorker worker)
{
    public static TheoryData<string> Stopped => new(Attack.Stopped.Select(attack => attack.Name));

    public static TheoryData<string> Refused => new(Attack.Refused.Select(attack => attack.Name));

    public static TheoryData<string> Endless => new(Attack.Endless.Select(attack => attack.Name));

    public static TheoryData<string> Leaving => new(Attack.Leaving.Select(attack => attack.Name));

    [Theory]
    [MemberData(nameof(Stopped))]
    public async Task Who_takes_more_than_a_limit_is_stopped_and_told_which(string name)
    {
        var attack = Attack.Stopped.Single(attack => attack.Name == name);
        // On a machine that is busy with other things, three programs may wait half a minute for the worker's 8 s.
        var result = attack.Status is "cpu_limit" ? await worker.CallAsync(attack.Code, ("cpu_seconds", 3)) : await worker.CallAsync(attack.Code);
        Assert.Equal((attack.Status, -9), (Text(result, "status"), result.GetProperty("returncode").GetInt32()));
        Assert.Contains("limit", Text(result, "hint"), StringComparison.Ordinal);
        await AllIsWellAsync();
    }

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task What_the_kernel_refuses_is_an_error_with_a_hint(string name)
    {
        var attack = Attack.Refused.Single(attack => attack.Name == name);
        var result = await worker.CallAsync(attack.Code);
        Assert.Equal("error", Text(result, "status"));
        Assert.EndsWith(attack.Error, Text(result, "stderr"), StringComparison.Ordinal);
        Assert.NotEmpty(Text(result, "hint"));
        await AllIsWellAsync();
    }

    [Theory]
    [MemberData(nameof(Endless))]
    public async Task What_nothing_else_ends_is_ended_by_the_time_limit(string name)
    {
        var result = await worker.CallAsync(Attack.Endless.Single(attack => attack.Name == name).Code, ("timeout_seconds", 1));
        Assert.Equal(("timeout", -2), (Text(result, "status"), result.GetProperty("returncode").GetInt32()));
        await AllIsWellAsync();
    }

    [Theory]
    [MemberData(nameof(Leaving))]
    public async Task What_is_left_behind_is_gone(string name)
    {
        var result = await worker.CallAsync(Attack.Leaving.Single(attack => attack.Name == name).Code);
        if (Text(result, "status") is not "disk_limit") Assert.Equal(("ok", true), (Text(result, "status"), Text(result, "stdout").StartsWith("left", StringComparison.Ordinal)));
        await AllIsWellAsync();
    }

    private async Task AllIsWellAsync()
    {
        var next = await worker.CallAsync("print(2+2)");
        Assert.Equal(("ok", "4"), (Text(next, "status"), Text(next, "stdout")));
        await Eventually.HoldsAsync(() => worker.JobProcesses.Count == 0, "an end of the attack's processes");
        await Eventually.HoldsAsync(() => worker.HoldsNothingOfJobs, "an end of the attack's folder");
        Assert.False(ProcessTable.HasEnded(worker.Pid));
    }

    private static string Text(JsonElement result, string name) => result.TryGetProperty(name, out var value) ? value.GetString()! : "";
}

/// <summary>With fork servers.</summary>
public sealed class ExhaustionOfForkingWorkerTests(ForkingWorker worker) : ExhaustionTests(worker), IClassFixture<ForkingWorker>;

/// <summary>With fork servers, as a user without rights.</summary>
public sealed class ExhaustionOfForkingWorkerOfNobodyTests(ForkingWorkerOfNobody worker) : ExhaustionTests(worker), IClassFixture<ForkingWorkerOfNobody>;

/// <summary>Without fork servers.</summary>
public sealed class ExhaustionOfFreshWorkerTests(FreshWorker worker) : ExhaustionTests(worker), IClassFixture<FreshWorker>;

/// <summary>Without fork servers, as a user without rights.</summary>
public sealed class ExhaustionOfFreshWorkerOfNobodyTests(FreshWorkerOfNobody worker) : ExhaustionTests(worker), IClassFixture<FreshWorkerOfNobody>;
