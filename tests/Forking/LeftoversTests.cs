using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using CodeExec.Tests.Support;

namespace CodeExec.Tests.Forking;

/// <summary>What one job left behind holds up no other.</summary>
public sealed class LeftoversTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory(Timeout = 120_000)]
    [InlineData("on")]
    [InlineData("off")]
    public async Task The_folder_of_a_job_serves_no_other_while_something_of_it_could_not_be_ended(string forking)
    {
        if (!Environment.IsPrivilegedProcess) return;
        await using var worker = Start(forking);
        await worker.Lines.OpenAsync();
        var id = 0;
        Task<string> CallAsync(string code) => AnswerAsync(worker, ++id, code);
        if (forking == "on") await Eventually.HoldsAsync(async () => ProcessTable.IsForkServer(Number(await CallAsync("import os\nprint(f'pid{os.getppid()}')"))), "a call in a forked interpreter");

        var left = await CallAsync(Leaves);
        try
        {
            var next = "";
            await Eventually.HoldsAsync(async () => !(next = await CallAsync("import os\nprint(os.getcwd())")).Contains("is busy", StringComparison.Ordinal), "a free slot");
            Assert.NotEqual(Home(left), Home(next));
        }
        finally
        {
            using var sleeper = Process.GetProcessById(Number(left));
            sleeper.Kill();
        }
    }

    [Fact(Timeout = 120_000)]
    public async Task A_slot_is_free_again_while_the_leftovers_of_another_job_are_still_there()
    {
        // Root alone can make a process that its fork server may not end.
        if (!Environment.IsPrivilegedProcess) return;
        await using var worker = Start("on");
        await worker.Lines.OpenAsync();
        var id = 0;
        Task<string> CallAsync(string code) => AnswerAsync(worker, ++id, code);
        await Eventually.HoldsAsync(async () => ProcessTable.IsForkServer(Number(await CallAsync("import os\nprint(f'pid{os.getppid()}')"))), "a call in a forked interpreter");

        var pid = Number(await CallAsync(Leaves));
        try
        {
            // Its own slot waits for it, but not for ever.
            await Eventually.HoldsAsync(async () => !(await CallAsync("print('free')")).Contains("is busy", StringComparison.Ordinal), "an end of that wait");

            for (var i = 0; i < 3; i++) Assert.DoesNotContain("is busy", await CallAsync("print('free')"), StringComparison.Ordinal);
            Assert.False(ProcessTable.HasEnded(pid));
        }
        finally
        {
            using var sleeper = Process.GetProcessById(pid);
            sleeper.Kill();
        }
    }

    // Its process belongs to root in the end, which its fork server and its worker are not.
    private string Leaves => $$"""
        import os
        pid = os.fork()
        if pid == 0: os.execv('{{_folder["become"]}}', ['become', '--reuid=0', '--regid=0', '--clear-groups', 'sleep', '600'])
        try:
            while True: os.kill(pid, 0)
        except PermissionError:
            print(f'pid{pid}', os.getcwd())
        """;

    private WorkerProcess Start(string forking)
    {
        File.Copy("/usr/bin/setpriv", _folder["become"]);
        File.SetUnixFileMode(_folder["become"], (UnixFileMode)0b100_111_101_101);
        return WorkerProcess.Start(_folder, asNobody: true, ("SANDBOX", "off"), ("FORK_SERVER", forking), ("WORKER_CONCURRENCY", "1"), ("QUEUE_TIMEOUT_SECONDS", "1"));
    }

    private static async Task<string> AnswerAsync(WorkerProcess worker, int id, string code)
    {
        await worker.Lines.SendAsync(McpLines.Call(id, code));
        return (await worker.Lines.AnswerAsync(id)).GetRawText();
    }

    private static string Home(string answer) => Regex.Match(answer, "/[^ \\\\\"]+/home", RegexOptions.None, TimeSpan.FromSeconds(1)).Value;

    private static int Number(string answer) => int.Parse(Regex.Match(answer, "(?<=pid)[0-9]+", RegexOptions.None, TimeSpan.FromSeconds(1)).Value, CultureInfo.InvariantCulture);
}
