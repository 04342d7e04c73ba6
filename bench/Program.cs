using CodeExec.Bench;

// Figures beside a baseline taken in the same run, interleaved, so that what else the machine does touches both alike.
var options = BenchOptions.Parse(args);
if (options is null) return 64;

var report = new Report();
await using (var server = await WebServer.StartAsync(options))
{
    using var client = new ToolClient(server.Url);
    await new CallBench(client, options).RunAsync(report);
    await new PackageBench(client, options).RunAsync(report);
    await new ThroughputBench(client, options).RunAsync(report);
    report.Add("web, idle after the calls", "resident memory", $"{server.ResidentMegabytes:0} MB");
}
await new StdioBench(options).RunAsync(report);
await new QueueBench(options).RunAsync(report);
await new SessionBench(options).RunAsync(report);
report.Print(Console.Out);
if (options.JsonFile is { } file) report.WriteJson(file);
return 0;
