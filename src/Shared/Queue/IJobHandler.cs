using CodeExec.Shared.Jobs;

namespace CodeExec.Shared.Queue;

/// <summary>The worker side: what an engine calls for each job that it has taken for this process.</summary>
public interface IJobHandler
{
    /// <summary>How many jobs this process runs at once; the engine keeps no more than that in its hands.</summary>
    int Slots { get; }

    /// <summary>What this process has ready.</summary>
    IWarmth Warmth { get; }

    /// <summary>Runs one job to its end. Called from many threads, once per delivery; must not block before its first await.</summary>
    /// <param name="delivery">The job, and where to tell what happens.</param>
    /// <returns>The result; the engine stores and announces it.</returns>
    /// <exception cref="DeliveryLostException">Another process has the job now; nothing is announced.</exception>
    /// <exception cref="NoSlotException">No slot was free in time, and the job was not started; it is handed back.</exception>
    Task<ExecutionResult> HandleAsync(IJobDelivery delivery);
}

/// <summary>One job in the hands of one worker.</summary>
public interface IJobDelivery
{
    /// <summary>The job.</summary>
    ExecutionJob Job { get; }

    /// <summary>Requested when the sender cancels or is gone, when the delivery is lost, and when the process must end.</summary>
    JobStop Stop { get; }

    /// <summary>
    /// To be awaited right before the code starts. From here on the job is never given to anybody else, because code may have side
    /// effects and must not run twice. Tells the sender, too (<see cref="JobStarted"/>).
    /// </summary>
    /// <exception cref="DeliveryLostException">The job was given to another worker: don't start it.</exception>
    /// <exception cref="OperationCanceledException">The job was cancelled, and <see cref="Stop"/> says so: don't start it.</exception>
    Task MarkStartedAsync();

    /// <summary>Tells the sender. Returns at once and never throws; a message may get lost on the way.</summary>
    void Publish(JobEvent happened);
}

/// <summary>The engine handed over more jobs than there are slots, as it may after its server was emptied.</summary>
public sealed class NoSlotException(string message) : Exception(message);

/// <summary>The delivery isn't this worker's any more: its lease ran out and another may have the job.</summary>
public sealed class DeliveryLostException(string message) : Exception(message);
