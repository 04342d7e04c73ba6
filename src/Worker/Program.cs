using CodeExec.Shared.Settings;
using CodeExec.Worker.Stdio;

const int UsageError = 64;
const int SettingsError = 78;

if (args is not ["stdio"])
{
    await Console.Error.WriteLineAsync("usage: CodeExec.Worker stdio   (serve MCP on stdin and stdout)");
    return UsageError;
}
try
{
    return await StdioHost.RunAsync(ServiceSettings.FromProcess(servesHttp: false));
}
catch (SettingsException fault)
{
    await Console.Error.WriteLineAsync(fault.Message);
    return SettingsError;
}
