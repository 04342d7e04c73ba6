using CodeExec.Shared.Engines.Redis;
using CodeExec.Shared.Jobs;
using CodeExec.Tests.Support;

namespace CodeExec.Tests.Queue;

/// <summary>When a worker tells what happens to a job.</summary>
public sealed class RedisEventPostTests
{
    private static readonly JobEvent[] Script = [new JobStarted(), new OutputChunk(OutputStream.Stdout, 0, "a"), new OutputChunk(OutputStream.Stderr, 1, "b")];
    private readonly ManualTime _time = new();
    private readonly List<JobEvent> _told = [];

    [Fact]
    public void A_client_that_follows_is_told_at_once()
    {
        using var post = Post(isFollowed: true);
        foreach (var happened in Script) post.Send(happened);
        Assert.Equal(Script, _told);
    }

    [Fact]
    public void A_short_job_that_nobody_follows_is_told_by_its_end_alone()
    {
        var post = Post(isFollowed: false);
        foreach (var happened in Script) post.Send(happened);
        post.Dispose();
        _time.Advance(RedisEventPost.HoldTime);
        post.Send(Script[0]);
        Assert.Empty(_told);
    }

    [Fact]
    public void A_longer_one_is_told_a_moment_later_and_in_order()
    {
        using var post = Post(isFollowed: false);
        post.Send(Script[0]);
        post.Send(Script[1]);
        _time.Advance(RedisEventPost.HoldTime - TimeSpan.FromMilliseconds(1));
        Assert.Empty(_told);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(Script[..2], _told);

        post.Send(Script[2]);
        Assert.Equal(Script[..2], _told);
        _time.Advance(RedisEventPost.HoldTime);
        Assert.Equal(Script, _told);
    }

    [Fact]
    public void That_a_worker_has_it_is_told_at_once_lest_it_be_given_to_another()
    {
        using var post = Post(isFollowed: false);
        post.Send(new JobTaken());
        Assert.Equal<JobEvent>([new JobTaken()], _told);
    }

    private RedisEventPost Post(bool isFollowed) => new(isFollowed, _told.Add, _time);
}
