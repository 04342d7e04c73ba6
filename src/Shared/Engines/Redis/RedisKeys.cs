namespace CodeExec.Shared.Engines.Redis;

/// <summary>Every key and channel name, built here alone; <c>docs/redis.md</c> tells their type, writer, reader, expiry and size.</summary>
internal static class RedisKeys
{
    /// <summary>Stream: the jobs, in the order they came.</summary>
    public const string Jobs = "codeexec:jobs";

    /// <summary>The stream's consumer group; a worker is a consumer in it.</summary>
    public const string Group = "workers";

    /// <summary>Sorted set: jobs in workers' hands, by the time (ms since 1970, Redis's clock) when their lease runs out.</summary>
    public const string Leases = "codeexec:leases";

    /// <summary>Sorted set: jobs that were handed to warm workers and have not started, by the time (ms since 1970, Redis's clock) when they are recalled.</summary>
    public const string Handed = "codeexec:handed";

    /// <summary>Channel: says that a job was added.</summary>
    public const string Wake = "codeexec:wake";

    /// <summary>What the keys of jobs begin with.</summary>
    public const string JobPrefix = "codeexec:job:";

    /// <summary>What the keys of results begin with.</summary>
    public const string ResultPrefix = "codeexec:result:";

    /// <summary>What the keys of living web processes begin with.</summary>
    public const string WebPrefix = "codeexec:web:";

    /// <summary>What the keys of living workers begin with.</summary>
    public const string WorkerPrefix = "codeexec:worker:";

    /// <summary>What the keys begin with that tell which workers have a set of packages ready.</summary>
    public const string WarmPrefix = "codeexec:warm:";

    /// <summary>What the keys begin with that tell since when a worker has left what it was sent unanswered.</summary>
    public const string UnansweredPrefix = "codeexec:unanswered:";

    /// <summary>What the channels begin with on which single workers are given jobs.</summary>
    public const string HandPrefix = "codeexec:hand:";

    /// <summary>What the reply channels begin with.</summary>
    public const string ReplyPrefix = "codeexec:reply:";

    /// <summary>What the cancel channels begin with.</summary>
    public const string CancelPrefix = "codeexec:cancel:";

    /// <summary>Hash: where a job stands (entry, state, web, worker, given, warm, cancelled, suspect, unheard, attempts).</summary>
    public static string Job(string id) => JobPrefix + id;

    /// <summary>String: a finished job's last event.</summary>
    public static string Result(string id) => ResultPrefix + id;

    /// <summary>String: whose a background job is.</summary>
    public static string Background(string id) => "codeexec:background:" + id;

    /// <summary>String: there while a web process lives; for a background job, under the job's id, for as long as the job can take.</summary>
    public static string Web(string web) => WebPrefix + web;

    /// <summary>String: there while a worker lives; how many jobs it may have in its hands.</summary>
    public static string Worker(string worker) => WorkerPrefix + worker;

    /// <summary>Sorted set: workers that have a set of packages ready, by the time (ms since 1970, Redis's clock) until which that is known.</summary>
    public static string Warm(string set) => WarmPrefix + set;

    /// <summary>String: since when (ms since 1970, Redis's clock) a worker has left what it was sent in messages unanswered.</summary>
    public static string Unanswered(string worker) => UnansweredPrefix + worker;

    /// <summary>Channel: jobs for one worker.</summary>
    public static string Hand(string worker) => HandPrefix + worker;

    /// <summary>Channel: events for one web process.</summary>
    public static string Reply(string web) => ReplyPrefix + web;

    /// <summary>Channel: jobs that one worker shall stop.</summary>
    public static string Cancel(string worker) => CancelPrefix + worker;

    /// <summary>Channel: what one web process hands to another (SSE messages that landed elsewhere).</summary>
    public static string Relay(string web) => "codeexec:relay:" + web;

    /// <summary>Channel: what concerns every web process (cancelled calls).</summary>
    public const string Notices = "codeexec:notices";
}
