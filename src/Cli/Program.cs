using System.CommandLine;
using CodeExec.Cli;
using CodeExec.Worker.Sandbox;

ClosedProcess.Close();

// Help reads "codeexec …", the command that people type (bin/codeexec), not the name of this program's file.
var codeexec = new Command("codeexec", "Runs Python, talks to MCP servers and agents, and examines this host. `codeexec` alone lists every command.")
{
    RunCommand.Create(),
    McpCommand.Create(),
    InferenceCommand.Create(),
    DoctorCommand.Create(),
};
return await CommandLine.InvokeAsync(codeexec, args);
