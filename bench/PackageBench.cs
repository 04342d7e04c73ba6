namespace CodeExec.Bench;

/// <summary><c>import numpy</c> with NumPy among the packages: warm, and from a wheel that was never installed before.</summary>
internal sealed class PackageBench(BenchOptions options)
{
    private const string Code = "import numpy";
    private const int ColdRounds = 5;

    /// <summary>Measures.</summary>
    public async Task RunAsync(Report report)
    {
        await WarmAsync(report);
        await ColdAsync(report);
    }

    private async Task WarmAsync(Report report)
    {
        await using var web = await WebServer.StartAsync(options);
        await using var reference = await ReferenceServer.StartAsync(options);
        using var client = new ToolClient(web.Url);
        using var theirs = await reference.ConnectAsync();
        // The same installed files for both sides: only the way to run them differs.
        var folder = (await client.CallAsync("import numpy, os; print(os.path.dirname(os.path.dirname(numpy.__file__)))", options.Numpy))["stdout"]!.GetValue<string>();
        await theirs.CallAsync(Code, options.Numpy);
        var bare = new BarePython(options.Python);
        for (var i = 0; i < 30; i++) await client.CallAsync(Code, options.Numpy);
        var (ours, baseline, referenceWay) = (new Timings(), new Timings(), new Timings());
        for (var i = 0; i < Math.Max(2, options.Rounds / 4 / Timings.Block); i++)
        {
            await baseline.TakeBlockAsync(() => bare.RunAsync(Code, folder));
            await ours.TakeBlockAsync(() => client.CallAsync(Code, options.Numpy));
        }
        for (var i = 0; i < 10; i++) await referenceWay.TakeAsync(() => theirs.CallAsync(Code, options.Numpy));
        report.Add("import numpy, packages: [numpy], warm / bare python3", ours, baseline);
        report.Add("the same / the reference's way (pip install each call)", ours, referenceWay);
    }

    // A cache of its own each time, so that nothing was unpacked before.
    private async Task ColdAsync(Report report)
    {
        var (ours, again) = (new Timings(), new Timings());
        for (var i = 0; i < ColdRounds; i++)
        {
            var cache = Path.Combine(options.Scratch, $"cold{i}");
            await using (var web = await WebServer.StartAsync(options, ("PACKAGE_CACHE_DIR", cache)))
            {
                using var client = new ToolClient(web.Url);
                await client.CallAsync("pass");
                await ours.TakeAsync(() => client.CallAsync(Code, options.Numpy));
                // Another set with the same wheel in it.
                await again.TakeAsync(() => client.CallAsync(Code, options.Numpy.Replace("==", "<=", StringComparison.Ordinal)));
            }
        }
        report.Add("import numpy, first call with a new wheel", "p50", $"{ours.Percentile(0.5):0} ms");
        report.Add("import numpy, another set with the same wheel", "p50", $"{again.Percentile(0.5):0} ms");
    }
}
