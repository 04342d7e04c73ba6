using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using CodeExec.Shared.Running;
using CodeExec.Shared.Settings;
using CodeExec.Shared.Tool;

namespace CodeExec.Cli;

/// <summary>Reads a command line, runs its command and turns what went wrong into a sentence and an exit code.</summary>
public static class CommandLine
{
    /// <summary>Runs one command line to its end.</summary>
    /// <param name="codeexec">The command that holds all others.</param>
    /// <param name="arguments">What was typed.</param>
    /// <returns>One of <see cref="ExitCodes"/>, or for <c>run</c> the code's own.</returns>
    public static async Task<int> InvokeAsync(Command codeexec, string[] arguments)
    {
        codeexec.Options.Add(new HelpOption());
        // A word that begins with @ is not a file of arguments here: Python code may begin with a decorator.
        var parsed = codeexec.Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null, EnablePosixBundling = false });
        if (parsed.Action is ParseErrorAction or null)
        {
            var fault = parsed.UnmatchedTokens is [var unknown, ..] ? $"Unknown command or argument \"{unknown}\"."
                : parsed.Errors is [var error, ..] ? error.Message
                : "A command is missing.";
            return Complain($"{fault} `{CommandPath(parsed)} --help` lists what can be typed.", ExitCodes.Usage);
        }
        try
        {
            // Signals are each command's own business (Interruption): a job must end in order before this process does.
            return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
        }
        catch (Exception fault)
        {
            return fault switch
            {
                UsageException or ToolCallException => Complain(fault.Message, ExitCodes.Usage),
                SettingsException => Complain(fault.Message, ExitCodes.Settings),
                RunnerException => Complain(fault.Message, ExitCodes.Unavailable),
                _ => Complain($"This is a fault of CodeExec itself: {fault}", ExitCodes.Internal),
            };
        }
    }

    private static int Complain(string sentence, int exitCode)
    {
        Console.Error.WriteLine($"codeexec: {sentence}");
        return exitCode;
    }

    private static string CommandPath(ParseResult parsed)
    {
        var names = new List<string>();
        for (var result = parsed.CommandResult; result is not null; result = result.Parent as System.CommandLine.Parsing.CommandResult)
            names.Insert(0, result.Command.Name);
        return string.Join(' ', names);
    }
}
