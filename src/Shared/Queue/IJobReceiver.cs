namespace CodeExec.Shared.Queue;

/// <summary>The worker's engine: takes jobs and calls the handler until it is told to stop.</summary>
public interface IJobReceiver
{
    /// <summary>Receives jobs. Leases, heartbeat, redelivery and acknowledgement are its own business.</summary>
    /// <param name="handler">Called for each job.</param>
    /// <param name="stop">Ends the taking: from then on no job is taken, and those taken but not started are handed back.</param>
    /// <returns>Done when nothing runs any more, or the time for that was over.</returns>
    Task RunAsync(IJobHandler handler, CancellationToken stop);
}
