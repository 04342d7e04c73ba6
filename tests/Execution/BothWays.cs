using System.Text.RegularExpressions;
using CodeExec.Shared.Jobs;
using CodeExec.Shared.Settings;
using CodeExec.Tests.Support;

namespace CodeExec.Tests.Execution;

/// <summary>What a program said and how it ended, without the names of folders and places in memory, which are another's each time.</summary>
public sealed record ProgramEnd(int ReturnCode, string Stdout, string Stderr);

/// <summary>Two services that many tests share: one forks programs from a warm interpreter, one starts an interpreter for each.</summary>
public sealed class BothWays : IAsyncLifetime, IAsyncDisposable
{
    private readonly TestService _forking = new(Changed);
    private readonly TestService _fresh = new(options => Changed(options) with { ForkServer = false });

    public async Task InitializeAsync()
    {
        await _forking.Local.PrepareAsync(CancellationToken.None);
        // Found before the first program, so that both know their interpreter.
        await _fresh.Local.PrepareAsync(CancellationToken.None);
    }

    /// <summary>Runs a program forked.</summary>
    public Task<ProgramEnd> ForkedAsync(string code) => RunAsync(_forking, code);

    /// <summary>Runs a program in an interpreter of its own.</summary>
    public Task<ProgramEnd> FreshAsync(string code) => RunAsync(_fresh, code);

    /// <summary>Runs a program in an interpreter that has waited for it.</summary>
    public async Task<ProgramEnd> AheadAsync(string code)
    {
        await _fresh.Local.StartAheadAsync(CancellationToken.None);
        return await RunAsync(_fresh, code);
    }

    public async Task DisposeAsync()
    {
        await _forking.DisposeAsync();
        await _fresh.DisposeAsync();
    }

    ValueTask IAsyncDisposable.DisposeAsync() => new(DisposeAsync());

    // The largest output of the programs is kept whole.
    private static ExecutionOptions Changed(ExecutionOptions options) => options with { MaxOutputBytes = 1 << 20 };

    private static async Task<ProgramEnd> RunAsync(TestService service, string code)
    {
        var result = await service.RunAsync(code);
        Assert.True(result.Status is ExecutionStatus.Ok or ExecutionStatus.Error, $"{result}");
        return new ProgramEnd(result.ReturnCode, Plain(service, result.Stdout), Plain(service, result.Stderr));
    }

    private static string Plain(TestService service, string text)
    {
        var withoutJob = Replace(text, Regex.Escape(service.WorkDirectory) + @"/[^/\s]+/[^/\s'""]+", "JOB");
        var withoutService = Replace(withoutJob, Regex.Escape(service.Folder.Path) + "/cache/environments/[0-9a-f]+", "ENVIRONMENT");
        return Replace(withoutService, "0x[0-9a-f]{6,}", "PLACE");
    }

    private static string Replace(string text, string pattern, string name) => Regex.Replace(text, pattern, name, RegexOptions.None, TimeSpan.FromSeconds(1));
}
