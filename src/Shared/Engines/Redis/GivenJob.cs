using System.Globalization;
using System.Text;
using StackExchange.Redis;

namespace CodeExec.Shared.Engines.Redis;

/// <summary>A job as it comes to a worker: in an answer of Redis's, or in a message that <c>send.lua</c> writes.</summary>
/// <param name="Id">The job.</param>
/// <param name="Entry">Its place in the stream.</param>
/// <param name="Json">The job itself.</param>
/// <param name="Web">The web process that waits for it.</param>
/// <param name="IsMarked">Whether it was marked as started when it was given.</param>
/// <param name="IsSent">Whether it came in a message.</param>
/// <param name="Given">When it was given, or before that (a time stamp of the worker's clock).</param>
internal sealed record GivenJob(string Id, string Entry, byte[] Json, string Web, bool IsMarked, bool IsSent, long Given)
{
    // id, entry, web, state, time; then the job.
    private const int Lines = 5;

    private const string Marked = "started";

    /// <summary>The jobs in an answer.</summary>
    /// <param name="answer">What <c>give.lua</c> answered.</param>
    /// <param name="asked">When it was asked.</param>
    public static IReadOnlyList<GivenJob> FromAnswer(RedisResult answer, long asked) => [.. ((RedisResult[])answer!).Select(job => FromParts((RedisResult[])job!, asked))];

    /// <summary>The job in a message.</summary>
    /// <param name="message">What <c>send.lua</c> sent.</param>
    /// <param name="clock">What this process knows of Redis's clock.</param>
    /// <returns>Null when it is no message of that kind.</returns>
    public static GivenJob? FromMessage(ReadOnlySpan<byte> message, RedisClock clock)
    {
        var lines = new string[Lines];
        for (var i = 0; i < Lines; i++)
        {
            if (message.IndexOf((byte)'\n') is not (>= 0 and var end)) return null;
            lines[i] = Encoding.UTF8.GetString(message[..end]);
            message = message[(end + 1)..];
        }
        return long.TryParse(lines[4], NumberStyles.None, CultureInfo.InvariantCulture, out var given)
            ? new GivenJob(lines[0], lines[1], message.ToArray(), lines[2], lines[3] == Marked, true, clock.NotAfter(given))
            : null;
    }

    /// <summary>Whether it was put into the stream after another.</summary>
    public bool IsAfter(string entry) => Position(Entry).CompareTo(Position(entry)) > 0;

    private static GivenJob FromParts(RedisResult[] parts, long asked) =>
        new((string)parts[0]!, (string)parts[1]!, (byte[])parts[2]!, (string)parts[3]!, (string?)parts[4] == Marked, false, asked);

    // Milliseconds and a number among those of the same (XADD).
    private static (ulong, ulong) Position(string entry)
    {
        var parts = entry.Split('-');
        return (ulong.Parse(parts[0], CultureInfo.InvariantCulture), ulong.Parse(parts[1], CultureInfo.InvariantCulture));
    }
}
