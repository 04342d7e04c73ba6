using System.Text;
using CodeExec.Tests.Support;
using CodeExec.Tests.Web.Support;
using CodeExec.Web.Mcp;

namespace CodeExec.Tests.Web;

public sealed class KeepaliveTests
{
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(15);

    [Fact(Timeout = TestWeb.Limit)]
    public async Task A_silent_sse_stream_gets_a_comment_again_and_again()
    {
        await using var web = await TestWeb.StartAsync();
        using var client = await SseClient.OpenAsync(web);
        var events = await client.EventsAsync();
        // The endpoint event sets the timer twice, with its write and its flush; each comment sets it once more.
        for (var armed = 2; armed < 5; armed++)
        {
            await web.Time.ArmedAsync(Silence, armed);
            web.Time.Advance(Silence);
            Assert.Equal("keepalive", await events.NextCommentAsync());
        }
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task A_silent_call_over_http_gets_comments_before_its_result()
    {
        await using var web = await TestWeb.StartAsync();
        using var answer = await web.PostAsync("/mcp", Messages.Call());
        var job = await web.Runner.NextAsync();
        await web.Time.ArmedAsync(Silence);
        web.Time.Advance(Silence);
        Assert.Equal("keepalive", await (await answer.EventsAsync()).NextCommentAsync());
        job.Finish("4");
        Assert.Equal("4", (await answer.NextAsync()).Stdout());
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task Nothing_is_written_before_the_first_event()
    {
        var (body, time) = (new MemoryStream(), new ManualTime());
        await using var stream = new StreamKeepalive(body, Silence, time, CancellationToken.None, () => { });
        time.Advance(Silence * 3);
        Assert.Equal(0, body.Length);
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task Every_write_starts_the_silence_anew()
    {
        var (body, time) = (new MemoryStream(), new ManualTime());
        await using var stream = new StreamKeepalive(body, Silence, time, CancellationToken.None, () => { });
        await stream.WriteAsync("a"u8.ToArray());
        time.Advance(Silence - TimeSpan.FromSeconds(1));
        await stream.WriteAsync("b"u8.ToArray());
        time.Advance(Silence - TimeSpan.FromSeconds(1));
        Assert.Equal("ab", Encoding.UTF8.GetString(body.ToArray()));
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("ab: keepalive\n\n", Encoding.UTF8.GetString(body.ToArray()));
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task Nothing_is_written_after_the_end()
    {
        var (body, time) = (new MemoryStream(), new ManualTime());
        var stream = new StreamKeepalive(body, Silence, time, CancellationToken.None, () => { });
        await stream.WriteAsync("a"u8.ToArray());
        await stream.DisposeAsync();
        time.Advance(Silence * 2);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => stream.WriteAsync("b"u8.ToArray()).AsTask());
        Assert.Equal(1, body.Length);
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task What_must_come_before_the_first_byte_never_comes_after_it()
    {
        var (body, time, changes) = (new MemoryStream(), new ManualTime(), 0);
        await using var stream = new StreamKeepalive(body, Silence, time, CancellationToken.None, () => { });
        await stream.BeforeStartAsync(() => changes++, CancellationToken.None);
        await stream.FlushAsync();
        await stream.BeforeStartAsync(() => changes++, CancellationToken.None);
        Assert.Equal(1, changes);
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task A_comment_waits_for_an_event_that_is_being_written()
    {
        var (body, time) = (new HeldStream(), new ManualTime());
        await using var stream = new StreamKeepalive(body, Silence, time, CancellationToken.None, () => { });
        await stream.FlushAsync();
        var writing = stream.WriteAsync("event"u8.ToArray()).AsTask();
        time.Advance(Silence);
        body.LetGo();
        await writing;
        Assert.Equal("event", Encoding.UTF8.GetString(body.ToArray()));
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task A_cancelled_write_is_still_written_whole_and_the_stream_goes_on()
    {
        var (body, time) = (new HeldStream(), new ManualTime());
        await using var stream = new StreamKeepalive(body, Silence, time, CancellationToken.None, () => { });
        using var cancel = new CancellationTokenSource();
        var writing = stream.WriteAsync("one "u8.ToArray(), cancel.Token).AsTask();
        await cancel.CancelAsync();
        var next = stream.WriteAsync("two"u8.ToArray()).AsTask();
        Assert.False(writing.IsCompleted);
        body.LetGo();
        await writing;
        await next;
        Assert.Equal("one two", Encoding.UTF8.GetString(body.ToArray()));
    }

    private sealed class HeldStream : MemoryStream
    {
        private readonly TaskCompletionSource _letGo = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void LetGo() => _letGo.TrySetResult();

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await _letGo.Task;
            Write(buffer.Span);
        }
    }
}
