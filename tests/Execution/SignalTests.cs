using CodeExec.Worker.Processes;

namespace CodeExec.Tests.Execution;

/// <summary>What kill(2) would take for more than one process, or for the first of all, is never sent a signal.</summary>
public class SignalTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(-2)]
    public void A_number_that_stands_for_many_processes_is_refused(int pid)
    {
        // Signal 0 is none, so a break of this test harms nobody.
        Assert.Throws<ArgumentOutOfRangeException>(() => LibC.Kill(pid, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => LibC.KillGroup(pid, 0));
    }
}
