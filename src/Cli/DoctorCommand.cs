using System.CommandLine;
using CodeExec.Cli.Doctor;

namespace CodeExec.Cli;

/// <summary><c>codeexec doctor</c>: what this host offers and lacks, and what to do about it.</summary>
public static class DoctorCommand
{
    /// <summary>The command.</summary>
    public static Command Create()
    {
        var json = new Option<bool>("--json") { Description = "Print the findings as JSON." };
        var command = new Command("doctor", "Examines this host and the settings. Exits with 0 when nothing fails, else with 1.") { json };
        command.SetAction(async (parsed, cancel) =>
        {
            var findings = await Examination.RunAsync(cancel);
            await Console.Out.WriteAsync(parsed.GetValue(json) ? FindingsText.Json(findings) : FindingsText.Table(findings));
            return findings.Any(finding => finding.Health is Health.Fail) ? ExitCodes.Failed : ExitCodes.Ok;
        });
        return command;
    }
}
