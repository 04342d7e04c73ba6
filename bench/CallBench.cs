namespace CodeExec.Bench;

/// <summary>One caller, one call after another: <c>print(2+2)</c>.</summary>
internal sealed class CallBench(ToolClient client, BenchOptions options)
{
    private const string Code = "print(2+2)";

    /// <summary>Measures.</summary>
    public async Task RunAsync(Report report)
    {
        var bare = new BarePython(options.Python);
        var (ours, baseline) = (new Timings(), new Timings());
        for (var i = 0; i < 10; i++) await client.CallAsync(Code);
        for (var i = 0; i < options.Rounds; i++)
        {
            await baseline.TakeAsync(() => bare.RunAsync(Code));
            await ours.TakeAsync(() => client.CallAsync(Code));
        }
        report.Add("print(2+2), Streamable HTTP / bare python3", ours, baseline);
    }
}
