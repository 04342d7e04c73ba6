namespace CodeExec.Worker.Forking;

/// <summary>
/// What earlier starts of one fork server taught: when the next may be tried, which names are no modules of its environment, and which were new
/// when a start failed. One thread at a time.
/// </summary>
internal sealed class StartMemory(TimeProvider time)
{
    // New imports are learned one program after the other; a start for each would keep a core busy.
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);

    // Where there is no place for more imports, new ones push old ones out: programs in turns could have it started anew for ever.
    private static readonly TimeSpan PauseWhenFull = TimeSpan.FromMinutes(10);

    // Programs may name anything; what is forgotten costs a start.
    private const int MostNames = 1000;

    // Who is to blame when nothing was new: the server itself, by a name that no module has.
    private const string Itself = "";

    private readonly HashSet<string> _missing = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Failure> _failures = new(StringComparer.Ordinal);

    /// <summary>When a start was last tried, as a timestamp; null when none was.</summary>
    public long? LastStart { get; private set; }

    /// <summary>Whether it may be started now.</summary>
    /// <param name="full">Whether it is about more imports than there is a place for.</param>
    public bool IsDue(bool full) => (LastStart is not { } last || time.GetElapsedTime(last) >= (full ? PauseWhenFull : Pause)) && !IsBarred(Itself);

    /// <summary>Those of a program's names that are worth a start: it may be that they can be imported.</summary>
    public IReadOnlySet<string> Promising(IReadOnlySet<string> names) =>
        names.Where(name => !_missing.Contains(name) && !IsBarred(name)).ToHashSet(StringComparer.Ordinal);

    /// <summary>A start is tried now.</summary>
    public void Begin() => LastStart = time.GetTimestamp();

    /// <summary>It was ready.</summary>
    /// <param name="wanted">What it was told to import.</param>
    /// <param name="imported">What of that there is: the rest are no modules, and since an environment never changes they won't be.</param>
    public void Succeed(IReadOnlySet<string> wanted, IReadOnlySet<string> imported)
    {
        _failures.Remove(Itself);
        foreach (var name in wanted) _failures.Remove(name);
        if (_missing.Count >= MostNames) _missing.Clear();
        _missing.UnionWith(wanted.Where(name => !imported.Contains(name)));
    }

    /// <summary>It ended before it was ready, or wasn't ready in time: what was new waits for longer each time, up to the life of a server.</summary>
    /// <param name="wanted">What it was told to import.</param>
    /// <param name="known">What could be imported before.</param>
    /// <param name="longest">The longest wait.</param>
    public void Fail(IReadOnlySet<string> wanted, IReadOnlySet<string>? known, TimeSpan longest)
    {
        if (_failures.Count >= MostNames) _failures.Clear();
        foreach (var name in wanted.Where(name => known?.Contains(name) != true).DefaultIfEmpty(Itself))
        {
            var pause = _failures.TryGetValue(name, out var before) ? before.Pause * 2 : Pause * 2;
            _failures[name] = new Failure(time.GetTimestamp(), pause < longest ? pause : longest);
        }
    }

    private bool IsBarred(string name) => _failures.TryGetValue(name, out var failure) && time.GetElapsedTime(failure.At) < failure.Pause;

    private sealed record Failure(long At, TimeSpan Pause);
}
