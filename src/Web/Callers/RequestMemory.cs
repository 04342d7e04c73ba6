using CodeExec.Shared.Settings;
using CodeExec.Web.Mcp;

namespace CodeExec.Web.Callers;

/// <summary>
/// How many bytes of requests this process holds, for all callers and for each: bodies that are being read, and those whose answer is not
/// written yet. Any thread.
/// </summary>
/// <remarks>A request takes three to four times its bytes while it is parsed, so this is a quarter of what it bounds.</remarks>
internal sealed class RequestMemory(WebOptions options)
{
    /// <summary>How many requests of the greatest size may be held at once.</summary>
    public const int Bodies = 8;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, long> _held = new(StringComparer.Ordinal);
    private readonly long _most = Bodies * options.MaxRequestBytes;
    private readonly long _share = options.ShareOf(Bodies) * options.MaxRequestBytes;
    private long _all;

    /// <summary>Bytes that are held.</summary>
    public long Held { get { lock (_lock) return _all; } }

    /// <summary>Why a request that would hold too much isn't served.</summary>
    public Refusal Refusal => new(StatusCodes.Status429TooManyRequests, Refusal.RequestRefused,
        $"The requests under way hold as many bytes as they may: {_most} of all callers together ({Bodies} times MAX_REQUEST_BYTES), {_share} of one. Wait for answers first.")
    {
        RetryAfter = TimeSpan.FromSeconds(5),
    };

    /// <summary>Begins a request of a caller, which holds nothing yet.</summary>
    public Part Open(string caller) => new(this, caller);

    private bool Take(string caller, long bytes)
    {
        lock (_lock)
        {
            var held = _held.GetValueOrDefault(caller);
            if (_all + bytes > _most || held + bytes > _share) return false;
            _all += bytes;
            _held[caller] = held + bytes;
            return true;
        }
    }

    private void Return(string caller, long bytes)
    {
        lock (_lock)
        {
            _all -= bytes;
            _held[caller] -= bytes;
        }
    }

    /// <summary>What one request holds, until it is disposed. One thread at a time; disposing twice changes nothing.</summary>
    internal sealed class Part(RequestMemory memory, string caller) : IDisposable
    {
        private long _bytes;

        /// <inheritdoc cref="RequestMemory.Refusal"/>
        public Refusal Refusal => memory.Refusal;

        /// <summary>Takes more.</summary>
        /// <returns>False when that would be too much; what was held stays held.</returns>
        public bool Grow(long bytes)
        {
            if (!memory.Take(caller, bytes)) return false;
            _bytes += bytes;
            return true;
        }

        /// <summary>Hands what is held to another owner; this one then holds nothing.</summary>
        public Part Move()
        {
            var moved = new Part(memory, caller) { _bytes = _bytes };
            _bytes = 0;
            return moved;
        }

        /// <inheritdoc/>
        public void Dispose()
        {
            if (_bytes > 0) memory.Return(caller, _bytes);
            _bytes = 0;
        }
    }
}
