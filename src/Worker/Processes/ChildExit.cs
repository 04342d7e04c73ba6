namespace CodeExec.Worker.Processes;

/// <summary>How a process ended.</summary>
/// <param name="ReturnCode">Its exit code (0 to 255), or −N when signal N ended it, as Python's subprocess module counts.</param>
/// <param name="LeftSomething">Whether a process that it left behind could not be ended in time: that one may still use what was its.</param>
public readonly record struct ChildExit(int ReturnCode, bool LeftSomething = false);
