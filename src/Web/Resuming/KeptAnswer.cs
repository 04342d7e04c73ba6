using CodeExec.Shared.Jobs;

namespace CodeExec.Web.Resuming;

/// <summary>
/// The answer to one call as its stream's events, kept so that a client whose connection broke can come back for those it lacks. One task
/// adds; any number read. Any thread.
/// </summary>
/// <remarks>
/// It lives while somebody reads it, and for a time after that. When the time is over and the call still runs, nobody waits for it any more.
/// What no reader has had yet is never dropped: past <see cref="MostBytes"/> of it, adding waits.
/// </remarks>
internal sealed class KeptAnswer : IDisposable
{
    /// <summary>How much is kept of what readers have had, and how much may wait for one.</summary>
    public const long MostBytes = 4 * 1024 * 1024;

    // What one write, or one message to another web process, holds; a single event may be larger.
    private const long MostBytesInBatch = 256 * 1024;

    private readonly Lock _lock = new();
    private readonly List<byte[]> _events = [];
    // Never disposed: that would keep it from telling those who have not heard of it yet, and it holds nothing but them.
    private readonly CancellationTokenSource _abandoned = new();
    private readonly TimeSpan _absence;
    private readonly Action<long> _resized;
    private readonly Action<long> _unread;
    private readonly Action<KeptAnswer> _left;
    private readonly ITimer _timer;
    private TaskCompletionSource _changed = NewSignal();
    private int _first = 1;
    private int _had;
    private long _bytes;
    private long _waiting;
    private int _readers;
    private bool _ended;
    private bool _forgotten;

    /// <summary>Begins an answer that nobody reads yet.</summary>
    /// <param name="session">The session that it belongs to.</param>
    /// <param name="absence">How long nobody may read it.</param>
    /// <param name="time">The clock.</param>
    /// <param name="resized">Told by how many bytes it grew or shrank; must not block.</param>
    /// <param name="unread">Told by how many more or fewer bytes wait for a reader; must not block.</param>
    /// <param name="left">Told when the time is over.</param>
    public KeptAnswer(string session, TimeSpan absence, TimeProvider time, Action<long> resized, Action<long> unread, Action<KeptAnswer> left)
    {
        (Session, _absence, _resized, _unread, _left) = (session, absence, resized, unread, left);
        _timer = time.CreateTimer(_ => GiveUp(), null, absence, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Its name in this process.</summary>
    public string Id { get; } = JobId.Create();

    /// <summary>The session that it belongs to; nobody else may read it.</summary>
    public string Session { get; }

    /// <summary>Cancelled when nobody has read it for too long.</summary>
    public CancellationToken Abandoned => _abandoned.Token;

    /// <summary>Whether it is complete and nobody reads it.</summary>
    public bool IsIdle { get { lock (_lock) return _ended && _readers == 0; } }

    /// <summary>Whether nothing of it is left.</summary>
    public bool IsForgotten { get { lock (_lock) return _forgotten; } }

    /// <summary>The number that the next event gets.</summary>
    public int NextNumber { get { lock (_lock) return _first + _events.Count; } }

    /// <summary>Adds an event; waits while too much waits for a reader. One that comes after it was forgotten changes nothing.</summary>
    public async ValueTask AddAsync(byte[] happened, CancellationToken cancel)
    {
        while (true)
        {
            Task changed;
            lock (_lock)
            {
                if (_forgotten) return;
                if (_waiting < MostBytes)
                {
                    _events.Add(happened);
                    Wait(happened.Length);
                    Resize(happened.Length);
                    Signal();
                    return;
                }
                changed = _changed.Task;
            }
            await changed.WaitAsync(cancel);
        }
    }

    /// <summary>Nothing more is added.</summary>
    public void End()
    {
        lock (_lock)
        {
            _ended = true;
            Signal();
        }
    }

    /// <summary>Notes that a reader has had all that there is.</summary>
    public void NoteRead()
    {
        lock (_lock) Had(int.MaxValue);
    }

    /// <summary>Counts a reader until the result is disposed.</summary>
    public IDisposable Attend()
    {
        lock (_lock)
        {
            _readers++;
            if (!_forgotten) _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
        return new Attendance(this);
    }

    /// <summary>Waits for events that follow one, or for the end. Of what was let go long since, it begins with the first that is there.</summary>
    /// <param name="after">The number of the last event that the reader has had.</param>
    /// <param name="cancel">Ends the wait.</param>
    public async ValueTask<EventBatch> NextAsync(int after, CancellationToken cancel)
    {
        while (true)
        {
            Task changed;
            lock (_lock)
            {
                Had(after);
                var next = Math.Max(after + 1, _first);
                var batch = new List<byte[]>();
                for (long size = 0; next + batch.Count < _first + _events.Count && size < MostBytesInBatch;)
                {
                    batch.Add(_events[next - _first + batch.Count]);
                    size += batch[^1].Length;
                }
                var isLast = _ended && next + batch.Count >= _first + _events.Count;
                if (batch.Count > 0 || isLast) return new EventBatch(next, batch, isLast);
                changed = _changed.Task;
            }
            await changed.WaitAsync(cancel);
        }
    }

    /// <summary>Forgets everything; whoever reads finds the end.</summary>
    public void Dispose()
    {
        _timer.Dispose();
        lock (_lock)
        {
            if (_forgotten) return;
            (_forgotten, _ended) = (true, true);
            Resize(-_bytes);
            Wait(-_waiting);
            _events.Clear();
            Signal();
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    // A reader asks for what follows an event when it has had that one.
    private void Had(int number)
    {
        var wasFull = _waiting >= MostBytes;
        for (; _had < number && _had + 1 < _first + _events.Count; _had++) Wait(-_events[_had + 1 - _first].Length);
        var gone = 0;
        for (var kept = _bytes - _waiting; kept > MostBytes && _first + gone <= _had; gone++) kept -= _events[gone].Length;
        if (gone > 0)
        {
            Resize(-_events.Take(gone).Sum(one => (long)one.Length));
            _events.RemoveRange(0, gone);
            _first += gone;
        }
        if (wasFull) Signal();
    }

    private void Resize(long by)
    {
        _bytes += by;
        _resized(by);
    }

    private void Wait(long by)
    {
        _waiting += by;
        _unread(by);
    }

    private void Signal()
    {
        _changed.SetResult();
        _changed = NewSignal();
    }

    private void GiveUp()
    {
        lock (_lock)
        {
            if (_readers > 0 || _forgotten) return;
            // What this ends runs elsewhere, not on the timer's thread.
            _ = _abandoned.CancelAsync();
        }
        _left(this);
    }

    private void Leave()
    {
        lock (_lock)
            if (--_readers == 0 && !_forgotten)
                _timer.Change(_absence, Timeout.InfiniteTimeSpan);
    }

    private sealed class Attendance(KeptAnswer answer) : IDisposable
    {
        private KeptAnswer? _answer = answer;

        public void Dispose() => Interlocked.Exchange(ref _answer, null)?.Leave();
    }
}
