using System.Buffers.Text;
using System.Globalization;
using System.IO.Enumeration;
using CodeExec.Worker.Processes;

namespace CodeExec.Worker.Limits;

/// <summary>
/// The processes of jobs at one moment, as one walk over /proc finds them. Asking for one costs 13 µs, so those that were found to belong to no
/// job are not asked again for a while: nothing that isn't below a job's leader ever gets there. One thread at a time.
/// </summary>
internal sealed class ProcessSnapshot
{
    // pid, state, …: the line holds 52 numbers and a name of 64 bytes at most.
    private const int LineBytes = 1024;

    // Numbers are used again, at 1000 processes a second after half a minute; until then a process that got one of these isn't seen.
    private const int LooksUntilAskedAgain = 20;

    private static readonly EnumerationOptions NumbersOnly = new() { AttributesToSkip = FileAttributes.None };

    private readonly List<ProcessEntry> _entries = [];
    private readonly Dictionary<int, int> _places = [];
    private readonly HashSet<int> _foreign = [];
    private int _looks;

    /// <summary>Looks again. A process that starts or ends meanwhile may be found or not.</summary>
    /// <param name="leaders">The processes at the top of each tree that is wanted; none of them is below another.</param>
    /// <param name="add">Told each process of a tree with its leader, in no order: those below it, and those of its session, which may have lost their parent.</param>
    public void Take(IReadOnlySet<int> leaders, Action<int, ProcessEntry> add)
    {
        _entries.Clear();
        _places.Clear();
        if (++_looks % LooksUntilAskedAgain == 0) _foreign.Clear();
        var pids = new FileSystemEnumerable<int>("/proc", (ref entry) => int.Parse(entry.FileName, NumberStyles.None, CultureInfo.InvariantCulture), NumbersOnly)
        {
            ShouldIncludePredicate = (ref entry) => char.IsAsciiDigit(entry.FileName[0]),
        };
        foreach (var pid in pids)
            if ((leaders.Contains(pid) || !_foreign.Contains(pid)) && Read(pid) is { } entry)
            {
                _places[pid] = _entries.Count;
                _entries.Add(entry);
            }
        foreach (var entry in _entries)
        {
            if (Leader(entry, leaders) is not { } leader) continue;
            if (leader == 0) _foreign.Add(entry.Pid);
            else add(leader, entry);
        }
    }

    // 0 when it has none, null when that can't be told: its parent has ended meanwhile.
    private int? Leader(ProcessEntry entry, IReadOnlySet<int> leaders)
    {
        // A snapshot isn't of one moment, so parents might form a ring.
        for (var steps = 0; steps <= _entries.Count; steps++)
        {
            if (leaders.Contains(entry.Pid)) return entry.Pid;
            if (leaders.Contains(entry.Session)) return entry.Session;
            if (!_places.TryGetValue(entry.Parent, out var parent)) return entry.Parent == 0 || _foreign.Contains(entry.Parent) ? 0 : null;
            entry = _entries[parent];
        }
        return 0;
    }

    private static unsafe ProcessEntry? Read(int pid)
    {
        Span<byte> path = stackalloc byte[32];
        "/proc/"u8.CopyTo(path);
        Utf8Formatter.TryFormat(pid, path[6..], out var digits);
        "/stat\0"u8.CopyTo(path[(6 + digits)..]);
        Span<byte> line = stackalloc byte[LineBytes];
        nint length;
        fixed (byte* name = path)
        fixed (byte* buffer = line)
        {
            var file = LibC.Open(name, LibC.OpenReadOnly | LibC.OpenCloseOnExec);
            if (file < 0) return null;
            length = LibC.Read(file, buffer, LineBytes);
            _ = LibC.Close(file);
        }
        return length <= 0 ? null : Parse(pid, line[..(int)length]);
    }

    // The name in the second field may hold anything, a closing bracket too, but none follows it.
    private static ProcessEntry? Parse(int pid, ReadOnlySpan<byte> line)
    {
        var rest = line[(line.LastIndexOf((byte)')') + 1)..];
        Span<long> fields = stackalloc long[25];
        // The third field is the first of the rest; the state isn't a number.
        var at = 2;
        foreach (var part in rest.Split((byte)' '))
        {
            if (at >= fields.Length) break;
            if (Utf8Parser.TryParse(rest[part], out long number, out _)) fields[at] = number;
            at++;
        }
        return at < fields.Length
            ? null
            : new ProcessEntry(pid, (int)fields[4], (int)fields[6], fields[14] + fields[15] + fields[16] + fields[17], (int)fields[20], fields[22], fields[24] * Environment.SystemPageSize);
    }
}
