namespace CodeExec.Worker.Sandbox;

/// <summary>One limit of setrlimit(2), which a child and all that it starts can lower but not raise. Immutable.</summary>
/// <param name="Resource">Its name without RLIMIT_, such as <c>CPU</c> or <c>FSIZE</c>.</param>
/// <param name="Soft">In the resource's own unit; −1 is without a limit.</param>
/// <param name="Hard">What the soft one may be raised to; not above what holds for us, unless we are root.</param>
public sealed record ResourceLimit(string Resource, long Soft, long Hard);
