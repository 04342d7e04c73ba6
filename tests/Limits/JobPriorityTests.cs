using System.Diagnostics;
using CodeExec.Worker.Limits;

namespace CodeExec.Tests.Limits;

/// <summary>Whom asking to leave the cores to others reaches. That it does: <see cref="JobLimitTests"/>.</summary>
public sealed class JobPriorityTests
{
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
}
