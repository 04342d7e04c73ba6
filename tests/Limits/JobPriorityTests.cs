using System.Diagnostics;
using CodeExec.Worker.Limits;

namespace CodeExec.Tests.Limits;

/// <summary>Who is asked to leave the cores to others. That it does: <see cref="JobLimitTests"/>.</summary>
public sealed class JobPriorityTests
{
    [Fact]
    public void Who_has_not_used_its_share_keeps_it_however_old_it_is()
    {
        // A group of its own: there is none else that could step back.
        using var patient = Process.Start("setsid", ["sleep", "600"]);
        try
        {
            var priority = new JobPriority();
            for (var look = 0; look < 1000; look++) priority.StepBackAfterShare(patient.Id);
            Assert.False(priority.HasSteppedBack);
        }
        finally
        {
            patient.Kill();
            patient.WaitForExit();
        }
    }

    [Fact]
    public void Who_has_not_made_its_group_yet_is_asked_again()
    {
        using var forked = Process.Start("sleep", ["600"]);
        try
        {
            var priority = new JobPriority();
            priority.StepBack(forked.Id);
            Assert.False(priority.HasSteppedBack);
        }
        finally
        {
            forked.Kill();
            forked.WaitForExit();
        }
    }

    [Fact]
    public void Who_has_ended_is_left_alone()
    {
        using var ended = Process.Start("true");
        ended.WaitForExit();
        var priority = new JobPriority();
        priority.StepBackAfterShare(ended.Id);
        Assert.False(priority.HasSteppedBack);
    }
}
