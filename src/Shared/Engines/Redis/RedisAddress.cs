namespace CodeExec.Shared.Engines.Redis;

/// <summary>Where Redis is and how to be let in, read from a URL. Immutable. Its text form holds no password.</summary>
/// <seealso href="https://www.iana.org/assignments/uri-schemes/prov/redis"/>
public sealed record RedisAddress
{
    /// <summary>Host name or address.</summary>
    public required string Host { get; init; }

    /// <summary>TCP port.</summary>
    public required int Port { get; init; }

    /// <summary>Whether the connection is encrypted.</summary>
    public bool Tls { get; init; }

    /// <summary>The password; null for none. AUTH with the password alone, as Heroku's URLs want it: their user is empty or "h".</summary>
    public string? Password { get; init; }

    /// <summary>Reads <c>redis://</c> and <c>rediss://</c>, with <c>user:password@</c>, <c>:password@</c> or neither.</summary>
    /// <returns>Null when it could be read, else what is wrong, without the password.</returns>
    public static string? TryParse(string url, out RedisAddress? address)
    {
        address = null;
        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.Scheme is not ("redis" or "rediss") || uri.Host.Length == 0)
            return "REDIS_URL is no address of a Redis server; write redis://:PASSWORD@HOST:PORT, or rediss:// for TLS.";
        if (uri.AbsolutePath is not ("" or "/" or "/0"))
            return $"REDIS_URL names the database \"{uri.AbsolutePath.Trim('/')}\"; only database 0 is used, so leave it out.";
        var credentials = uri.UserInfo.Split(':', 2);
        address = new RedisAddress
        {
            Host = uri.Host,
            Port = uri.Port > 0 ? uri.Port : 6379,
            Tls = uri.Scheme == "rediss",
            Password = credentials.Length == 2 && credentials[1].Length > 0 ? Uri.UnescapeDataString(credentials[1]) : null,
        };
        return null;
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Host}:{Port}{(Tls ? " (TLS)" : "")}";
}
