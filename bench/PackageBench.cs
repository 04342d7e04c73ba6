namespace CodeExec.Bench;

/// <summary><c>import numpy</c> with <c>packages: ["numpy"]</c>, after its first installation. Left out where numpy can't be installed.</summary>
internal sealed class PackageBench(ToolClient client, BenchOptions options)
{
    private const string Code = "import numpy";

    /// <summary>Measures.</summary>
    public async Task RunAsync(Report report)
    {
        string folder;
        try
        {
            // The same installed files for both sides: only the way to run them differs.
            folder = (await client.CallAsync("import numpy, os; print(os.path.dirname(os.path.dirname(numpy.__file__)))", "numpy"))["stdout"]!.GetValue<string>();
        }
        catch (InvalidOperationException)
        {
            report.Add("import numpy", "left out", "no wheel");
            return;
        }
        var bare = new BarePython(options.Python);
        var (ours, baseline) = (new Timings(), new Timings());
        for (var i = 0; i < Math.Max(10, options.Rounds / 4); i++)
        {
            await baseline.TakeAsync(() => bare.RunAsync(Code, folder));
            await ours.TakeAsync(() => client.CallAsync(Code, "numpy"));
        }
        report.Add("import numpy, packages: [\"numpy\"], warm / bare python3", ours, baseline);
    }
}
