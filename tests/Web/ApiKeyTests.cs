using System.Net;
using CodeExec.Shared.Settings;
using CodeExec.Tests.Web.Support;
using CodeExec.Web.Auth;

namespace CodeExec.Tests.Web;

public sealed class ApiKeyTests
{
    [Theory(Timeout = TestWeb.Limit)]
    [InlineData("Authorization", "Bearer key-of-bob")]
    [InlineData("Authorization", "bearer key-of-bob")]
    [InlineData("x-api-key", "key-of-alice")]
    public async Task A_key_opens_the_service_in_both_forms(string header, string value)
    {
        await using var web = await TestWeb.StartWithKeysAsync();
        using var answer = await web.PostAsync("/mcp", Messages.List(), (header, value));
        Assert.Equal(HttpStatusCode.OK, answer.Status);
    }

    [Theory(Timeout = TestWeb.Limit)]
    [InlineData("POST", "/mcp")]
    [InlineData("POST", "/mcp/")]
    [InlineData("GET", "/sse")]
    [InlineData("POST", "/message?sessionId=1")]
    public async Task A_request_without_a_key_is_refused_with_401(string method, string path)
    {
        await using var web = await TestWeb.StartWithKeysAsync();
        using var answer = await web.SendAsync(new HttpMethod(method), path);
        Assert.Equal(HttpStatusCode.Unauthorized, answer.Status);
        Assert.Equal("Bearer", answer.Header("WWW-Authenticate"));
        Assert.Contains("No API key was sent", (await answer.ErrorAsync()).Message, StringComparison.Ordinal);
    }

    [Theory(Timeout = TestWeb.Limit)]
    [InlineData("Authorization", "Bearer guessed-key")]
    [InlineData("Authorization", "Bearer ")]
    [InlineData("Authorization", "Bearer key-of-alicee")]
    [InlineData("Authorization", "Bearer key-of-alic")]
    [InlineData("Authorization", "Basic key-of-alice")]
    [InlineData("x-api-key", "guessed-key")]
    [InlineData("x-api-key", "KEY-OF-ALICE")]
    public async Task A_wrong_key_is_refused_with_401_and_never_repeated(string header, string value)
    {
        await using var web = await TestWeb.StartWithKeysAsync();
        using var answer = await web.PostAsync("/mcp", Messages.List(), (header, value));
        Assert.Equal(HttpStatusCode.Unauthorized, answer.Status);
        Assert.Equal("Bearer", answer.Header("WWW-Authenticate"));
        var body = await answer.TextAsync();
        Assert.DoesNotContain("guessed", body, StringComparison.Ordinal);
        Assert.DoesNotContain("key-of", body, StringComparison.Ordinal);
    }

    [Theory(Timeout = TestWeb.Limit)]
    [InlineData("Authorization: Bearer key-of-alice\nx-api-key: key-of-alice")]
    [InlineData("x-api-key: key-of-alice\nx-api-key: key-of-alice")]
    [InlineData("Authorization: Bearer key-of-alice\nAuthorization: Bearer key-of-bob")]
    public async Task A_key_that_is_sent_twice_is_refused_with_400(string headers)
    {
        await using var web = await TestWeb.StartWithKeysAsync();
        var answer = await RawRequest.ExchangeAsync(web.Address, $"POST /mcp HTTP/1.1\nHost: localhost\n{headers}\nConnection: close\nContent-Length: 0\n\n");
        Assert.StartsWith("HTTP/1.1 400", answer, StringComparison.Ordinal);
        Assert.Contains("was sent 2 times", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("key-of", answer, StringComparison.Ordinal);
    }

    [Theory(Timeout = TestWeb.Limit)]
    [InlineData("/health")]
    [InlineData("/")]
    public async Task Health_and_the_front_page_need_no_key(string path)
    {
        await using var web = await TestWeb.StartWithKeysAsync();
        using var answer = await web.SendAsync(HttpMethod.Get, path);
        Assert.Equal(HttpStatusCode.OK, answer.Status);
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task Without_configured_keys_everybody_on_this_machine_is_served()
    {
        await using var web = await TestWeb.StartAsync();
        using var answer = await web.PostAsync("/mcp", Messages.List());
        Assert.Equal(HttpStatusCode.OK, answer.Status);
    }

    [Fact]
    public void Each_key_is_known_by_its_own_name()
    {
        var keys = new ApiKeys([new ApiKey("a", "1"), new ApiKey("b", "2"), new ApiKey("c", "3")]);
        Assert.Equal("a b c ", $"{keys.FindName("1")} {keys.FindName("2")} {keys.FindName("3")} {keys.FindName("4")}");
    }
}
