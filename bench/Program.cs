using CodeExec.Bench;

// Figures beside a baseline taken in the same run, interleaved, so that what else the machine does touches both alike.
var options = BenchOptions.Parse(args);
if (options is null) return 64;

var report = new Report();
try
{
    if (options.Soak > 0)
    {
        await new SoakBench(options).RunAsync(report);
    }
    else if (options.Siege > 0)
    {
        await new SiegeBench(options).RunAsync(report);
    }
    else if (options.Attacks > 0)
    {
        await new AttackBench(options).RunAsync(report);
    }
    else
    {
        await new CallBench(options).RunAsync(report);
        await new PackageBench(options).RunAsync(report);
        await new ThroughputBench(options).RunAsync(report);
        await new SandboxBench(options).RunAsync(report);
        await new StdioBench(options).RunAsync(report);
        await new InferenceBench(options).RunAsync(report);
        await new QueueBench(options).RunAsync(report);
        await new CancelBench(options).RunAsync(report);
        await new SessionBench(options).RunAsync(report);
        await new MemoryBench(options).RunAsync(report);
    }
}
finally
{
    Directory.Delete(options.Scratch, recursive: true);
}
report.Print(Console.Out);
if (options.JsonFile is { } file) report.WriteJson(file);
return 0;
