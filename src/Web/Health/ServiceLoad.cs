namespace CodeExec.Web.Health;

/// <summary>How busy the service is.</summary>
/// <param name="Running">Jobs that run.</param>
/// <param name="Waiting">Jobs that wait for a slot.</param>
/// <param name="Slots">Jobs that may run at once.</param>
public sealed record ServiceLoad(int Running, int Waiting, int Slots);
