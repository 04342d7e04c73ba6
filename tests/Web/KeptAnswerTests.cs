using CodeExec.Shared.Settings;
using CodeExec.Tests.Support;
using CodeExec.Tests.Web.Support;
using CodeExec.Web.Resuming;

namespace CodeExec.Tests.Web;

/// <summary>What is kept of answers, and for how long.</summary>
public sealed class KeptAnswerTests
{
    private static readonly byte[] Big = new byte[1024 * 1024];
    private static readonly TimeSpan ResumeTime = new WebOptions().ResumeTime;

    [Fact(Timeout = TestWeb.Limit)]
    public async Task What_nobody_has_read_is_never_dropped_and_adding_waits_for_a_reader()
    {
        using var answers = new KeptAnswers(new WebOptions(), new ManualTime());
        var answer = answers.Open("session", "caller");
        using var reader = answer.Attend();
        var most = (int)(KeptAnswer.MostBytes / Big.Length);
        for (var i = 0; i < most; i++) await answer.AddAsync(Big, CancellationToken.None);
        var adding = answer.AddAsync([1], CancellationToken.None).AsTask();
        Assert.False(adding.IsCompleted);
        var first = await answer.NextAsync(0, CancellationToken.None);
        Assert.Equal((1, 1), (first.First, first.Events.Count));
        Assert.False(adding.IsCompleted);
        await answer.NextAsync(first.Last, CancellationToken.None);
        await adding.WaitAsync(TestWeb.Patience);
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task What_was_read_is_let_go_past_a_bound_oldest_first()
    {
        using var answers = new KeptAnswers(new WebOptions(), new ManualTime());
        var answer = answers.Open("session", "caller");
        var had = 0;
        for (var i = 0; i < 10; i++)
        {
            await answer.AddAsync(Big, CancellationToken.None);
            had = (await answer.NextAsync(had, CancellationToken.None)).Last;
        }
        answers.Close(answer);
        var kept = await answer.NextAsync(0, CancellationToken.None);
        Assert.Equal(10 - (KeptAnswer.MostBytes / Big.Length), kept.First);
        Assert.True((await answer.NextAsync(10, CancellationToken.None)).Ended);
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task Of_too_many_answers_the_oldest_that_is_over_is_forgotten()
    {
        using var answers = new KeptAnswers(new WebOptions(), new ManualTime());
        var running = answers.Open("session", "caller");
        await running.AddAsync(Big, CancellationToken.None);
        var over = new List<KeptAnswer>();
        for (var bytes = 0L; bytes <= KeptAnswers.MostBytes; bytes += Big.Length)
        {
            over.Add(answers.Open("session", "caller"));
            await over[^1].AddAsync(Big, CancellationToken.None);
            answers.Close(over[^1]);
        }
        Assert.Null(answers.Find(over[0].Id, "session"));
        Assert.NotNull(answers.Find(over[^1].Id, "session"));
        Assert.NotNull(answers.Find(running.Id, "session"));
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task A_caller_whose_answers_wait_unread_past_a_bound_is_refused_further_ones()
    {
        using var answers = new KeptAnswers(new WebOptions(), new ManualTime());
        var unread = new List<KeptAnswer>();
        for (var i = 0; i <= KeptAnswers.MostBytes / Big.Length; i++)
        {
            Assert.Null(answers.RefusalOf("caller"));
            unread.Add(answers.Open("session", "caller"));
            // As one with a slow reader, which nobody forgets.
            unread[^1].Attend();
            await unread[^1].AddAsync(Big, CancellationToken.None);
            answers.Close(unread[^1]);
        }
        Assert.Equal(429, answers.RefusalOf("caller")!.Status);
        Assert.Null(answers.RefusalOf("other"));

        answers.NoteSentWhole(unread[0]);
        Assert.Null(answers.RefusalOf("caller"));
    }

    [Fact]
    public void Of_many_answers_that_were_sent_whole_the_oldest_is_forgotten()
    {
        using var answers = new KeptAnswers(new WebOptions(), new ManualTime());
        var lost = answers.Open("session", "caller");
        answers.Close(lost);
        var sent = new List<KeptAnswer>();
        for (var i = 0; i <= KeptAnswers.MostSentWhole; i++)
        {
            sent.Add(answers.Open("session", "caller"));
            answers.Close(sent[^1]);
            answers.NoteSentWhole(sent[^1]);
        }
        Assert.Null(answers.Find(sent[0].Id, "session"));
        Assert.NotNull(answers.Find(sent[1].Id, "session"));
        Assert.NotNull(answers.Find(lost.Id, "session"));
    }

    [Fact]
    public void Answers_are_forgotten_when_nobody_reads_them_for_the_time_that_is_set()
    {
        var time = new ManualTime();
        using var answers = new KeptAnswers(new WebOptions(), time);
        for (var i = 0; i < 100; i++) answers.Close(answers.Open("session", "caller"));
        var read = answers.Open("session", "caller");
        using (read.Attend())
        {
            answers.Close(read);
            time.Advance(ResumeTime);
            Assert.Equal(1, answers.Count);
        }
        time.Advance(ResumeTime);
        Assert.Equal(0, answers.Count);
    }
}
