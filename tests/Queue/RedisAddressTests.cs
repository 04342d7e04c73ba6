using CodeExec.Shared.Engines.Redis;

namespace CodeExec.Tests.Queue;

/// <summary>REDIS_URL in all its forms.</summary>
public sealed class RedisAddressTests
{
    [Theory]
    [InlineData("redis://localhost", "localhost", 6379, false, null)]
    [InlineData("redis://localhost:7000", "localhost", 7000, false, null)]
    [InlineData("redis://localhost:7000/", "localhost", 7000, false, null)]
    [InlineData("redis://localhost:7000/0", "localhost", 7000, false, null)]
    [InlineData("redis://:secret@10.0.0.1:7000", "10.0.0.1", 7000, false, "secret")]
    [InlineData("rediss://:secret@redis.example:7000", "redis.example", 7000, true, "secret")]
    [InlineData("rediss://h:secret@redis.example:7000", "redis.example", 7000, true, "secret")]
    [InlineData("rediss://h:@redis.example:7000", "redis.example", 7000, true, null)]
    [InlineData("rediss://redis.example", "redis.example", 6379, true, null)]
    [InlineData("redis://:p%2Fss%3Aw%40rd@host:1", "host", 1, false, "p/ss:w@rd")]
    [InlineData("redis://:a:b@host:1", "host", 1, false, "a:b")]
    public void Every_form_of_url_is_read(string url, string host, int port, bool tls, string? password)
    {
        Assert.Null(RedisAddress.TryParse(url, out var address));
        Assert.Equal((host, port, tls, password), (address!.Host, address.Port, address.Tls, address.Password));
    }

    [Theory]
    [InlineData("")]
    [InlineData("localhost:6379")]
    [InlineData("http://:secret@host:1")]
    [InlineData("redis://")]
    [InlineData("redis://:secret@")]
    [InlineData("redis://:secret@host:port")]
    [InlineData("redis://:secret@host:1/3")]
    [InlineData("redis://:sec/ret@host:1")]
    public void What_can_not_be_read_is_said_without_the_password(string url)
    {
        var fault = RedisAddress.TryParse(url, out var address);
        Assert.Null(address);
        Assert.Contains("REDIS_URL", fault, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", fault, StringComparison.Ordinal);
        Assert.DoesNotContain("ret@", fault, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("redis://:secret@host:7000", "host:7000")]
    [InlineData("rediss://h:secret@host:7000", "host:7000 (TLS)")]
    public void Its_text_holds_no_password(string url, string text)
    {
        Assert.Null(RedisAddress.TryParse(url, out var address));
        Assert.Equal(text, address!.ToString());
        Assert.Equal(text, $"{address}");
    }
}
