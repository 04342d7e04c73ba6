using CodeExec.Shared.Engines.Redis;
using CodeExec.Shared.Settings;
using CodeExec.Web;
using CodeExec.Web.Running;
using CodeExec.Worker.Sandbox;

ClosedProcess.Close();

// EX_CONFIG of sysexits.h: restarting won't help, the settings must change.
const int BadSettings = 78;

using var logs = WebLog.Create();
try
{
    var settings = ServiceSettings.FromProcess(servesHttp: true);
    await using var jobs = await JobService.OpenAsync(settings, logs);
    var parts = new WebParts { Settings = settings, Runner = jobs.Runner, Load = jobs.Load, Mode = jobs.Mode, Peers = jobs.Peers, BackgroundJobs = jobs.BackgroundJobs, Logs = logs };
    await using var app = WebHost.Create(parts);
    return await WebProcess.RunAsync(app, parts, jobs.Prewarm, jobs.Unfit);
}
catch (Exception fault) when (fault is SettingsException or RedisRefusedException)
{
    await Console.Error.WriteLineAsync(fault.Message);
    return BadSettings;
}
