using System.Net;
using CodeExec.Shared.Settings;
using CodeExec.Tests.Web.Support;

namespace CodeExec.Tests.Web;

public sealed class OriginTests
{
    private static readonly WebOptions WithKey = new() { ApiKeys = [new ApiKey("alice", "key-of-alice")], AllowedOrigins = ["https://console.example/"] };

    [Theory(Timeout = TestWeb.Limit)]
    [InlineData("localhost")]
    [InlineData("127.0.0.1:8000")]
    [InlineData("[::1]:8000")]
    public async Task Without_a_key_the_names_of_this_machine_are_served(string host)
    {
        await using var web = await TestWeb.StartAsync();
        using var answer = await web.PostAsync("/mcp", Messages.List(), ("Host", host));
        Assert.Equal(HttpStatusCode.OK, answer.Status);
    }

    [Theory(Timeout = TestWeb.Limit)]
    [InlineData("evil.example")]
    [InlineData("localhost.evil.example")]
    [InlineData("127.0.0.1.evil.example:8000")]
    [InlineData("192.168.0.1")]
    public async Task Without_a_key_a_re_bound_name_is_refused_with_403(string host)
    {
        await using var web = await TestWeb.StartAsync();
        using var answer = await web.PostAsync("/mcp", Messages.List(), ("Host", host));
        Assert.Equal(HttpStatusCode.Forbidden, answer.Status);
        Assert.Contains(host, (await answer.ErrorAsync()).Message, StringComparison.Ordinal);
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task With_a_key_any_host_name_is_served()
    {
        await using var web = await TestWeb.StartAsync(WithKey);
        using var answer = await web.PostAsync("/mcp", Messages.List(), ("Host", "codeexec.example"), ("x-api-key", "key-of-alice"));
        Assert.Equal(HttpStatusCode.OK, answer.Status);
    }

    [Theory(Timeout = TestWeb.Limit)]
    [InlineData("http://localhost:6274")]
    [InlineData("http://127.0.0.1")]
    [InlineData("http://[::1]:3000")]
    [InlineData("https://codeexec.example")]
    [InlineData("https://console.example")]
    public async Task Local_pages_pages_of_this_host_and_listed_ones_may_call(string origin)
    {
        await using var web = await TestWeb.StartAsync(WithKey);
        using var answer = await web.PostAsync("/mcp", Messages.List(), ("Host", "codeexec.example"), ("x-api-key", "key-of-alice"), ("Origin", origin));
        Assert.Equal(HttpStatusCode.OK, answer.Status);
    }

    [Theory(Timeout = TestWeb.Limit)]
    [InlineData("https://evil.example")]
    [InlineData("https://codeexec.example.evil.example")]
    [InlineData("https://codeexec.example:8443")]
    [InlineData("http://localhost.evil.example")]
    [InlineData("null")]
    [InlineData("file://localhost")]
    public async Task Other_pages_are_refused_with_403(string origin)
    {
        await using var web = await TestWeb.StartAsync(WithKey);
        using var answer = await web.PostAsync("/mcp", Messages.List(), ("Host", "codeexec.example"), ("x-api-key", "key-of-alice"), ("Origin", origin));
        Assert.Equal(HttpStatusCode.Forbidden, answer.Status);
        Assert.Contains("ALLOWED_ORIGINS", (await answer.ErrorAsync()).Message, StringComparison.Ordinal);
    }

    [Theory(Timeout = TestWeb.Limit)]
    [InlineData("GET", "/sse")]
    [InlineData("POST", "/message?sessionId=1")]
    public async Task The_sse_addresses_check_the_origin_too(string method, string path)
    {
        await using var web = await TestWeb.StartAsync();
        using var answer = await web.SendAsync(new HttpMethod(method), path, ("Origin", "https://evil.example"));
        Assert.Equal(HttpStatusCode.Forbidden, answer.Status);
    }
}
