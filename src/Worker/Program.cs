using CodeExec.Shared.Engines.Redis;
using CodeExec.Shared.Settings;
using CodeExec.Worker.Running;
using CodeExec.Worker.Sandbox;
using CodeExec.Worker.Stdio;

ClosedProcess.Close();

const int UsageError = 64;
const int SettingsError = 78;

try
{
    switch (args)
    {
        case ["stdio"]:
            return await StdioHost.RunAsync(ServiceSettings.FromProcess(servesHttp: false));
        case ["work"]:
            using (var logs = StderrLog.CreateFactory()) return await WorkerHost.RunAsync(ServiceSettings.FromProcess(servesHttp: false), logs);
        default:
            await Console.Error.WriteLineAsync("usage: CodeExec.Worker stdio   serve MCP on stdin and stdout\n       CodeExec.Worker work    take jobs from the queue at REDIS_URL");
            return UsageError;
    }
}
catch (Exception fault) when (fault is SettingsException or RedisRefusedException)
{
    await Console.Error.WriteLineAsync(fault.Message);
    return SettingsError;
}
