using System.Globalization;
using CodeExec.Shared.Jobs;
using CodeExec.Shared.Settings;
using CodeExec.Worker.Execution;
using CodeExec.Worker.Limits;
using CodeExec.Worker.Packages;
using CodeExec.Worker.Processes;
using CodeExec.Worker.Sandbox;

namespace CodeExec.Worker.Forking;

/// <summary>A fork server with what it stands on: its environment, held in place, and its private folder. Dispose it after its last job.</summary>
internal sealed class WarmServer : IAsyncDisposable
{
    private static readonly string[] Program = ["main_program.py", "strays.py", "job_domain.py", "fork_server.py"];
    private static readonly TimeSpan ReadyLimit = TimeSpan.FromSeconds(30);

    private readonly EnvironmentLease _lease;
    private readonly Workspace _folder;

    private WarmServer(EnvironmentLease lease, Workspace folder, ForkServer server, IReadOnlySet<string> imports, long startedAt)
    {
        (_lease, _folder, Server, Imports, StartedAt, LastUsed) = (lease, folder, server, imports, startedAt, startedAt);
    }

    /// <summary>The server.</summary>
    public ForkServer Server { get; }

    /// <summary>Its environment.</summary>
    public PackageEnvironment Environment => _lease.Environment;

    /// <summary>Whether it serves the calls that name no packages: that one is always wanted.</summary>
    public bool IsBase { get; init; }

    /// <summary>The packages' modules that it imports ahead, without those that it could not find.</summary>
    public IReadOnlySet<string> Imports { get; private set; }

    /// <summary>When it was started, as a timestamp.</summary>
    public long StartedAt { get; }

    /// <summary>When it got its last job, as a timestamp.</summary>
    public long LastUsed { get; set; }

    /// <summary>What it held in memory when it was ready, in bytes.</summary>
    public long BytesAtStart { get; private set; }

    /// <summary>What it holds in memory now (resident set, proc_pid_statm(5)), in bytes; 0 when it has ended.</summary>
    public long Bytes
    {
        get
        {
            try
            {
                var fields = File.ReadAllText($"/proc/{Server.Pid}/statm").Split(' ');
                return long.Parse(fields[1], CultureInfo.InvariantCulture) * System.Environment.SystemPageSize;
            }
            catch (IOException)
            {
                return 0;
            }
        }
    }

    /// <summary>Starts one and waits until it is ready.</summary>
    /// <param name="lease">The environment; given back when this fails.</param>
    /// <param name="imports">What it shall import ahead.</param>
    /// <param name="isBase">See <see cref="IsBase"/>.</param>
    /// <param name="workDirectory">Where its folder is made.</param>
    /// <param name="plan">What confines it.</param>
    /// <param name="options">The limits of its children.</param>
    /// <param name="time">The clock.</param>
    /// <param name="whenLost">Called once when it is lost.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <exception cref="ForkServerLostException">It ended, or was not ready in time; the text says what it printed.</exception>
    public static async Task<WarmServer> StartAsync(
        EnvironmentLease lease, IReadOnlySet<string> imports, bool isBase, string workDirectory, SandboxPlan plan, ExecutionOptions options, TimeProvider time, Action<string> whenLost,
        CancellationToken cancel)
    {
        Workspace? folder = null;
        WarmServer? warm = null;
        var ready = false;
        string[] sorted = [.. imports.Order(StringComparer.Ordinal)];
        try
        {
            folder = Workspace.Create(Path.Combine(workDirectory, $"server-{JobId.Create()}"), plan.Code, _ => { });
            var environment = lease.Environment;
            var program = string.Join("\n\n", Program.Select(PythonScripts.Text));
            var limits = RunLimits.For(options, wanted: null);
            var command = new ChildCommand(
                environment.Python, ["-c", program, plan.ConfinesFiles ? "open" : "closed", ProcessLimits.Text(ProcessLimits.Own(limits)), .. sorted],
                CodeEnvironment.ForCode(folder, environment.BinDirectory), folder.Home, MergeStderr: true,
                plan.ForServer(environment, workDirectory) with { Limits = ProcessLimits.Inherited(limits) }, OrphansGoOn: true);
            warm = new WarmServer(lease, folder, ForkServer.Start(command, time, whenLost), imports, time.GetTimestamp()) { IsBase = isBase };
            var missing = await warm.Server.Ready.WaitAsync(ReadyLimit, time, cancel) ?? throw new ForkServerLostException($"It ended before it was ready. {warm.Server.Said}");
            ready = true;
            warm.Imports = imports.Except(sorted.Where((_, at) => missing.Contains(at)), StringComparer.Ordinal).ToHashSet(StringComparer.Ordinal);
            warm.BytesAtStart = warm.Bytes;
            return warm;
        }
        catch (TimeoutException)
        {
            throw new ForkServerLostException($"It was not ready within {ReadyLimit.TotalSeconds:0} s.");
        }
        finally
        {
            if (!ready)
            {
                if (warm is not null) await warm.DisposeAsync();
                else
                {
                    folder?.Dispose();
                    lease.Dispose();
                }
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        _folder.Dispose();
        _lease.Dispose();
    }
}
