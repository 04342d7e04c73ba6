using CodeExec.Shared.Packages;
using CodeExec.Shared.Queue;

namespace CodeExec.Worker.Running;

/// <summary>The sets of packages that jobs used here lately and whose environment is still there. Any thread.</summary>
/// <param name="holds">Whether the environment of a set is ready for use.</param>
public sealed class RecentSets(Func<IReadOnlyList<PackageRequirement>, bool> holds) : IWarmth
{
    // Each is a look at the disk and a line in the queue every few seconds.
    private const int MostSets = 32;

    private readonly Lock _lock = new();
    private readonly LinkedList<(string Name, IReadOnlyList<PackageRequirement> Packages)> _newestFirst = new();

    /// <inheritdoc/>
    public IReadOnlyCollection<string> Sets
    {
        get
        {
            (string Name, IReadOnlyList<PackageRequirement> Packages)[] used;
            lock (_lock) used = [.. _newestFirst];
            return [.. used.Where(set => holds(set.Packages)).Select(set => set.Name)];
        }
    }

    /// <summary>A job has used this set.</summary>
    public void Add(IReadOnlyList<PackageRequirement> packages)
    {
        var name = PackageSet.NameOf(packages);
        lock (_lock)
        {
            for (var node = _newestFirst.First; node is not null; node = node.Next)
                if (node.Value.Name == name)
                {
                    _newestFirst.Remove(node);
                    break;
                }
            _newestFirst.AddFirst((name, packages));
            if (_newestFirst.Count > MostSets) _newestFirst.RemoveLast();
        }
    }
}
