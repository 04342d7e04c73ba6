using CodeExec.Shared.Settings;
using CodeExec.Web;
using CodeExec.Web.Health;
using CodeExec.Worker;

// EX_CONFIG of sysexits.h: restarting won't help, the settings must change.
const int BadSettings = 78;

ServiceSettings settings;
try
{
    settings = ServiceSettings.FromProcess(servesHttp: true);
}
catch (SettingsException fault)
{
    await Console.Error.WriteLineAsync(fault.Message);
    return BadSettings;
}

using var logs = WebLog.Create();
await using var service = LocalService.Create(settings, logs);
var parts = new WebParts
{
    Settings = settings,
    Runner = service.Runner,
    Load = () => new ServiceLoad(service.Slots.Running, service.Slots.Waiting, service.Slots.Total),
    Mode = "embedded",
    Logs = logs,
};
await using var app = WebHost.Create(parts);
return await WebProcess.RunAsync(app, parts, started: stopping => _ = service.PrewarmAsync(stopping));
