namespace CodeExec.Shared.Tool;

/// <summary>The call's arguments can't be used. The message names argument, value and limit and is shown to the client.</summary>
public sealed class ToolCallException(string message) : Exception(message);
