using CodeExec.Tests.Support;
using CodeExec.Worker.Forking;

namespace CodeExec.Tests.Forking;

/// <summary>What a start that failed, or found no such module, teaches the next one.</summary>
public sealed class StartMemoryTests
{
    private static readonly TimeSpan Longest = TimeSpan.FromHours(1);
    private readonly ManualTime _time = new();
    private readonly StartMemory _memory;

    public StartMemoryTests() => _memory = new StartMemory(_time);

    [Fact]
    public void A_start_is_tried_again_after_ten_seconds_and_where_there_is_no_place_for_more_after_ten_minutes()
    {
        Assert.True(_memory.IsDue(full: true));
        _memory.Begin();
        Assert.False(_memory.IsDue(full: false));
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal((true, false), (_memory.IsDue(full: false), _memory.IsDue(full: true)));
        _time.Advance(TimeSpan.FromMinutes(10));
        Assert.True(_memory.IsDue(full: true));
    }

    [Fact]
    public void What_was_new_when_a_start_failed_waits_twice_as_long_each_time_up_to_an_hour()
    {
        List<double> waits = [];
        for (var attempt = 0; attempt < 11; attempt++)
        {
            _memory.Fail(Names("good", "bad"), Names("good"), Longest);
            Assert.Equal(Names("good"), _memory.Promising(Names("good", "bad")));
            Assert.True(_memory.IsDue(full: false));
            var waited = 0;
            while (_memory.Promising(Names("bad")).Count == 0)
            {
                _time.Advance(TimeSpan.FromSeconds(10));
                waited += 10;
            }
            waits.Add(waited);
        }
        Assert.Equal([20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600, 3600], waits);
    }

    [Fact]
    public void Where_nothing_was_new_the_server_itself_waits()
    {
        _memory.Fail(Names("good"), Names("good"), Longest);
        Assert.Equal((false, 1), (_memory.IsDue(full: false), _memory.Promising(Names("good")).Count));
        _time.Advance(TimeSpan.FromSeconds(20));
        Assert.True(_memory.IsDue(full: false));
        _memory.Fail(Names(), null, Longest);
        _time.Advance(TimeSpan.FromSeconds(39));
        Assert.False(_memory.IsDue(full: false));
        _memory.Succeed(Names(), Names());
        Assert.True(_memory.IsDue(full: false));
    }

    [Fact]
    public void A_success_ends_the_waiting_of_what_was_imported()
    {
        _memory.Fail(Names("kettle", "teapot"), null, Longest);
        _memory.Succeed(Names("kettle"), Names("kettle"));
        Assert.Equal(Names("kettle"), _memory.Promising(Names("kettle", "teapot")));
    }

    [Fact]
    public void What_is_no_module_is_not_tried_again()
    {
        _memory.Succeed(Names("kettle", "kettle.VERSION"), Names("kettle"));
        Assert.Equal(Names("kettle"), _memory.Promising(Names("kettle", "kettle.VERSION")));
    }

    private static HashSet<string> Names(params string[] names) => new(names, StringComparer.Ordinal);
}
