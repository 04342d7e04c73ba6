using System.Security.Cryptography;
using System.Text;

namespace CodeExec.Shared.Engines.Redis;

/// <summary>The Lua scripts: each is one step of a job's way, all or nothing. Their files say what goes in and out.</summary>
/// <seealso href="https://redis.io/docs/latest/develop/programmability/eval-intro/"/>
internal sealed class RedisScript
{
    private RedisScript(string name, string? common = null)
    {
        Text = Read(name);
        // The first line holds the flags.
        if (common is not null) Text = Text.Insert(Text.IndexOf('\n', StringComparison.Ordinal) + 1, Read(common));
        // Redis names a script by its SHA-1; nothing rests on that being hard to forge.
#pragma warning disable CA5350
        Hash = SHA1.HashData(Encoding.UTF8.GetBytes(Text));
#pragma warning restore CA5350
    }

    /// <summary>The source.</summary>
    public string Text { get; }

    /// <summary>What EVALSHA calls it.</summary>
    public byte[] Hash { get; }

    public static RedisScript Send { get; } = new("send");

    public static RedisScript Take { get; } = new("take", common: "give");

    public static RedisScript Start { get; } = new("start");

    public static RedisScript Renew { get; } = new("renew");

    public static RedisScript Finish { get; } = new("finish", common: "give");

    public static RedisScript Cancel { get; } = new("cancel");

    public static RedisScript Alive { get; } = new("alive");

    public static RedisScript Recall { get; } = new("recall");

    public static RedisScript HandBack { get; } = new("handback");

    public static RedisScript Release { get; } = new("release");

    public static RedisScript Reclaim { get; } = new("reclaim");

    private static string Read(string name)
    {
        using var stream = typeof(RedisScript).Assembly.GetManifestResourceStream(name + ".lua")
            ?? throw new InvalidOperationException($"The assembly holds no {name}.lua.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
