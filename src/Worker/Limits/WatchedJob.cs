using System.Diagnostics;
using CodeExec.Worker.Processes;

namespace CodeExec.Worker.Limits;

/// <summary>
/// One job under watch: its limits, and what its processes use as the last look found it. The watchdog's thread measures; any thread may
/// await <see cref="Passed"/> and dispose.
/// </summary>
internal sealed class WatchedJob : IDisposable
{
    // What takes long is done so seldom that it takes no more than this share of one core, however the program makes it long.
    private const int MostShare = 10;

    private static readonly TimeSpan FolderSlice = TimeSpan.FromMilliseconds(5);

    private readonly IChild _child;
    private readonly JobWatchdog _watchdog;
    private readonly FolderMeter _folder;
    private readonly OpenFileMeter _openFiles = new();
    private readonly List<ProcessEntry> _processes = [];
    private readonly TaskCompletionSource<Excess> _passed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly JobPriority _priority = new();
    private readonly Pause _folderPause = new(), _memoryPause = new(), _filesPause = new();
    private long? _startTicks;
    private long _measured, _residentThen;

    /// <summary>Begins the watch.</summary>
    /// <param name="watchdog">Who watches.</param>
    /// <param name="child">The job's first process.</param>
    /// <param name="folder">The job's folder.</param>
    /// <param name="limits">What it may use.</param>
    /// <param name="startedAt">Now, as a timestamp of the watchdog's clock.</param>
    public WatchedJob(JobWatchdog watchdog, IChild child, string folder, RunLimits limits, long startedAt)
    {
        (_watchdog, _child, Limits, StartedAt, _folder) = (watchdog, child, limits, startedAt, new FolderMeter(folder));
    }

    /// <summary>What it may use.</summary>
    public RunLimits Limits { get; }

    /// <summary>When it was started.</summary>
    public long StartedAt { get; }

    /// <summary>Its first process; 0 while that isn't known.</summary>
    public int Leader => _child.Pid;

    /// <summary>What it was found to hold in memory, in bytes; shared pages count in full until that would be too much.</summary>
    public long MemoryBytes { get; private set; }

    /// <summary>Done when it has passed a limit.</summary>
    public Task<Excess> Passed => _passed.Task;

    /// <summary>Whether its end has been asked for.</summary>
    public bool IsOver => _passed.Task.IsCompleted;

    /// <summary>When its end was asked for, as a timestamp of the watchdog's clock.</summary>
    public long EndedAt { get; private set; }

    /// <summary>Asks for its end.</summary>
    public void End(Excess excess)
    {
        EndedAt = _watchdog.Now;
        _passed.TrySetResult(excess);
    }

    /// <summary>Whether it has left the cores to shorter jobs.</summary>
    public bool HasSteppedBack => _priority.HasSteppedBack;

    /// <summary>Leaves the cores to shorter jobs.</summary>
    public void StepBack() => _priority.StepBack(Leader);

    /// <summary>Begins a look.</summary>
    public void Begin() => _processes.Clear();

    /// <summary>Adds one of its processes.</summary>
    public void Add(ProcessEntry process)
    {
        if (process.Pid == Leader) _startTicks ??= process.StartTicks;
        _processes.Add(process);
    }

    /// <summary>Ends a look: compares what was found with the limits.</summary>
    public void Judge()
    {
        // A number that is another process's by now: the job has ended.
        if (_processes.Exists(process => process.Pid == Leader && process.StartTicks != _startTicks)) return;
        StepBack();
        _priority.Follow(_processes);
        if (Find() is { } excess) End(excess);
    }

    /// <summary>Shared pages divided among those who share them: what the job really holds, in bytes.</summary>
    public long MeasureMemory()
    {
        long held = 0, shared = 0;
        foreach (var process in _processes)
        {
            // What a process doesn't let us see counts in full.
            var memory = SharedOutMemory.Of(process.Pid) ?? new SharedOutMemory(process.ResidentBytes, 0);
            held += memory.PrivateBytes;
            shared += memory.SharedMemoryBytes;
        }
        // What is in files in memory and mapped as well is in both sums.
        return held + Math.Max(shared, _openFiles.MemoryBytes);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _watchdog.Forget(this);
        _folder.Dispose();
    }

    private Excess? Find()
    {
        var count = _processes.Sum(process => process.Threads);
        if (count > Limits.Processes) return Excess.Processes(count, Limits.Processes);

        var cpu = TimeSpan.FromSeconds(_processes.Sum(process => process.CpuTicks) / (double)JobWatchdog.TicksPerSecond);
        if (cpu > Limits.CpuTime) return Excess.Cpu(cpu, Limits.CpuTime);

        _filesPause.Keep(() =>
        {
            _openFiles.Begin();
            foreach (var process in _processes) _openFiles.Add(process.Pid);
        });
        MemoryBytes = EstimateMemory();
        if (MemoryBytes > Limits.MemoryBytes) return Excess.Memory(MemoryBytes, Limits.MemoryBytes);

        _folderPause.Keep(() =>
        {
            var began = Stopwatch.GetTimestamp();
            _folder.GoOn(() => Stopwatch.GetElapsedTime(began) > FolderSlice || _folder.Bytes > Limits.DiskBytes);
        });
        if (_folder.IsTooDeep) return Excess.Depth();
        var disk = _folder.Bytes + _openFiles.NamelessBytes;
        return disk > Limits.DiskBytes ? Excess.Disk(disk, Limits.DiskBytes) : null;
    }

    // Every page in full, which costs nothing to know; only when that is too much, shared ones divided.
    private long EstimateMemory()
    {
        var resident = _processes.Sum(process => process.ResidentBytes) + _openFiles.MemoryBytes;
        if (resident <= Limits.MemoryBytes) return resident;
        var atMost = _measured + Math.Max(resident - _residentThen, 0);
        if (atMost <= Limits.MemoryBytes && _memoryPause.Holds) return atMost;
        _residentThen = resident;
        _memoryPause.Keep(
            () =>
            {
                _measured = MeasureMemory();
                // The processes are asked one after the other. When some end meanwhile, their share has been counted and the others' grows.
                if (_measured > Limits.MemoryBytes) _measured = Math.Min(_measured, MeasureMemory());
            },
            evenNow: true);
        return _measured;
    }

    /// <summary>Keeps something that takes long from being done too often.</summary>
    private sealed class Pause
    {
        private long _began;
        private TimeSpan _pause;

        public bool Holds => Stopwatch.GetElapsedTime(_began) < _pause;

        public void Keep(Action work, bool evenNow = false)
        {
            if (Holds && !evenNow) return;
            _began = Stopwatch.GetTimestamp();
            work();
            _pause = Stopwatch.GetElapsedTime(_began) * MostShare;
        }
    }
}
