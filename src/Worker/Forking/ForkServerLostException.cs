namespace CodeExec.Worker.Forking;

/// <summary>A job's code was not started, and never will be, by the fork server that it was given to: it can be started anew.</summary>
public sealed class ForkServerLostException(string message) : Exception(message);
