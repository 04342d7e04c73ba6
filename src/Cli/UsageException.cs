namespace CodeExec.Cli;

/// <summary>The command line can't be used as it was typed. The message names the argument and what to type instead.</summary>
public sealed class UsageException(string message) : Exception(message);
