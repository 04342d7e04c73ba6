using System.Text.Json;
using System.Text.Json.Nodes;
using CodeExec.Tests.Support;

namespace CodeExec.Tests.Limits;

/// <summary>
/// A worker with tight limits that is attacked again and again: whatever one attack broke, the next would meet. As this user, which may be
/// root, or as one without rights; with fork servers or without.
/// </summary>
public abstract class AttackedWorker(bool forked, bool asNobody) : IAsyncLifetime, IAsyncDisposable
{
    private readonly TestFolder _folder = new();
    private WorkerProcess? _worker;
    private int _calls;

    /// <summary>Its process.</summary>
    public int Pid => _worker!.Id;

    /// <inheritdoc/>
    public async Task InitializeAsync()
    {
        _worker = WorkerProcess.Start(
            _folder, asNobody, ("FORK_SERVER", forked ? "on" : "off"), ("EXEC_TIMEOUT_SECONDS", "50"), ("KILL_GRACE_SECONDS", "0"), ("CPU_LIMIT_SECONDS", "8"),
            ("MEMORY_LIMIT_MB", "128"), ("PROCESS_LIMIT", "32"), ("FILE_SIZE_LIMIT_MB", "8"), ("DISK_LIMIT_MB", "24"), ("OPEN_FILES_LIMIT", "64"), ("MAX_PRINTED_BYTES", "20000000"),
            ("WORKER_CONCURRENCY", "4"), ("Logging__LogLevel__Default", "Warning"));
        await _worker.Lines.OpenAsync();
        await CallAsync("print(4)");
        if (forked) await Eventually.HoldsAsync(() => ProcessTable.Within(_folder.Path).Any(ProcessTable.IsForkServer), "a fork server");
    }

    /// <summary>Calls the tool.</summary>
    /// <param name="code">The program.</param>
    /// <param name="limits">The call's own limits; the others are the worker's.</param>
    /// <returns>The result's object.</returns>
    public async Task<JsonElement> CallAsync(string code, params IReadOnlyList<(string Name, int Value)> limits)
    {
        var id = Interlocked.Increment(ref _calls);
        await _worker!.Lines.SendAsync(McpLines.Request(id, "tools/call", new JsonObject
        {
            ["name"] = "code_exec_python",
            ["arguments"] = new JsonObject { ["code"] = code },
            ["_meta"] = new JsonObject(limits.Select(limit => KeyValuePair.Create("codeexec/" + limit.Name, (JsonNode?)limit.Value))),
        }.ToJsonString()));
        return (await _worker.Lines.AnswerAsync(id)).GetProperty("result").GetProperty("structuredContent");
    }

    /// <summary>The processes of jobs that live.</summary>
    public IReadOnlyList<int> JobProcesses => [.. ProcessTable.Within(_folder["work"]).Where(pid => pid != Pid && !ProcessTable.IsForkServer(pid))];

    /// <summary>Whether no folder holds anything of a job.</summary>
    public bool HoldsNothingOfJobs
    {
        get
        {
            try
            {
                return TestService.JobFoldersIn(_folder["work"]).Count == 0;
            }
            catch (IOException)
            {
                // Too deep to be looked at, or on its way out.
                return false;
            }
        }
    }

    /// <inheritdoc/>
    public async Task DisposeAsync()
    {
        if (_worker is not null) await _worker.DisposeAsync();
        await Eventually.HoldsAsync(() => ProcessTable.Within(_folder.Path).Count == 0, "an end of the fork servers");
        _folder.Dispose();
    }

    async ValueTask IAsyncDisposable.DisposeAsync()
    {
        await DisposeAsync();
        GC.SuppressFinalize(this);
    }
}

/// <summary>With fork servers, as this user.</summary>
public sealed class ForkingWorker() : AttackedWorker(forked: true, asNobody: false);

/// <summary>With fork servers, as a user without rights.</summary>
public sealed class ForkingWorkerOfNobody() : AttackedWorker(forked: true, asNobody: true);

/// <summary>Without fork servers, as this user.</summary>
public sealed class FreshWorker() : AttackedWorker(forked: false, asNobody: false);

/// <summary>Without fork servers, as a user without rights.</summary>
public sealed class FreshWorkerOfNobody() : AttackedWorker(forked: false, asNobody: true);
