using System.IO.Pipelines;
using CodeExec.Shared.Running;
using CodeExec.Shared.Settings;
using CodeExec.Shared.Tool;
using CodeExec.Worker.Stdio;
using Microsoft.Extensions.Logging;

namespace CodeExec.Tests.Support;

/// <summary>The tool behind its real transport in this process, spoken to over pipes.</summary>
internal sealed class StdioSession : IAsyncDisposable
{
    private readonly StdioServer _server;
    private readonly LineWriter _output;
    private readonly CancellationTokenSource _end = new();
    private readonly RunningCalls _calls = new();
    private readonly LocalBackgroundJobs _jobs;

    /// <summary>Opens a session.</summary>
    /// <param name="runner">What runs the calls.</param>
    /// <param name="options">What the tool accepts.</param>
    /// <param name="maxLineBytes">The longest accepted line.</param>
    /// <param name="output">Where answers go, when not to <see cref="Lines"/>.</param>
    public StdioSession(IJobRunner runner, ToolOptions? options = null, int maxLineBytes = 8 * 1024 * 1024, Stream? output = null)
    {
        var (toServer, fromServer) = (new Pipe(), new Pipe());
        options ??= new ToolOptions();
        _jobs = new LocalBackgroundJobs(runner, Gate, TimeSpan.FromSeconds(300), TimeProvider.System, Logs.CreateLogger<LocalBackgroundJobs>());
        var tool = new CodeExecTool(runner, options, Gate, _calls, TimeProvider.System, Logs.CreateLogger<CodeExecTool>(), options.JobTools ? new JobTools(_jobs, Gate, TimeSpan.FromSeconds(300)) : null);
        _output = new LineWriter(output ?? fromServer.Writer.AsStream());
        _server = new StdioServer(new LineReader(toServer.Reader.AsStream(), maxLineBytes), _output, tool, _calls, Logs);
        Lines = new McpLines(toServer.Writer.AsStream(), fromServer.Reader.AsStream());
        Ended = RunAsync(fromServer.Writer);
    }

    public McpLines Lines { get; }

    public CallGate Gate { get; } = new();

    public CollectedLogs Logs { get; } = new();

    /// <summary>Whether the SDK has the session.</summary>
    public bool UsesSdk => _server.UsesSdk;

    /// <summary>Done when the server has ended by itself, because its input has and all is answered.</summary>
    public Task Ended { get; }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await Ended.Within();
        await _server.DisposeAsync();
        await _jobs.DisposeAsync();
        Gate.Dispose();
        _output.Dispose();
        _end.Dispose();
    }

    private async Task RunAsync(PipeWriter output)
    {
        try
        {
            await _server.RunAsync(_end.Token);
        }
        catch (OperationCanceledException) when (_end.IsCancellationRequested)
        {
            // The test has ended first.
        }
        await output.CompleteAsync();
    }
}
