namespace CodeExec.Shared.Queue;

/// <summary>What a worker has ready, so that the engine brings it the jobs that want just that, while it has a slot for them.</summary>
/// <remarks>
/// To implementers: a hint, not a promise. A set that is missing costs nothing but the advantage; one that is gone meanwhile is made again.
/// </remarks>
public interface IWarmth
{
    /// <summary>
    /// The names (<see cref="Packages.PackageSet"/>) of the sets that a job would not have to wait for here; a few dozen at most. Asked
    /// every few seconds and after jobs with packages, from any thread; must be quick.
    /// </summary>
    IReadOnlyCollection<string> Sets { get; }
}
