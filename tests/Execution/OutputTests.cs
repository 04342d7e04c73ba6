using CodeExec.Shared.Jobs;
using CodeExec.Tests.Support;

namespace CodeExec.Tests.Execution;

public abstract class OutputTests(bool forked) : ExecutionTests(forked)
{
    [Fact]
    public async Task What_is_printed_arrives_on_its_own_stream()
    {
        await using var service = await ServiceAsync();
        var result = await service.RunAsync("import sys\nprint('to you')\nprint('to them', file=sys.stderr)");
        Assert.Equal(("to you\n", "to them\n"), (result.Stdout, result.Stderr));
        Assert.Equal((0, ExecutionStatus.Ok), (result.ReturnCode, result.Status));
        Assert.Null(result.Truncated);
        Assert.Null(result.Hint);
    }

    [Fact]
    public async Task Output_is_streamed_while_the_code_runs()
    {
        await using var service = await ServiceAsync();
        using var release = new NamedPipe(service.Folder.Shared("go"));
        var run = service.Start(Jobs.Python($"print('before')\nopen({WheelFolder.Python(release.Path)}).read()\nprint('after')"));
        await run.Printed("before");
        Assert.DoesNotContain(run.Events, happened => happened is JobFinished);
        release.Open();
        Assert.Equal("before\nafter\n", (await run.Finished).Stdout);
    }

    [Fact]
    public async Task Streamed_pieces_are_numbered_without_a_gap_and_end_with_the_result()
    {
        await using var service = await ServiceAsync();
        var run = service.Start(Jobs.Python("import sys\nfor i in range(50):\n    print(i)\n    print(-i, file=sys.stderr)"));
        var result = await run.Finished;
        var chunks = run.Events.OfType<OutputChunk>().ToList();
        Assert.Equal(Enumerable.Range(0, chunks.Count).Select(i => (long)i), chunks.Select(chunk => chunk.Sequence));
        Assert.Equal((result.Stdout, result.Stderr), (run.Streamed(OutputStream.Stdout), run.Streamed(OutputStream.Stderr)));
        Assert.IsType<JobStarted>(run.Events[0]);
        Assert.IsType<JobFinished>(run.Events[^1]);
        Assert.Single(run.Events.OfType<JobFinished>());
    }

    [Fact]
    public async Task A_job_that_ended_by_itself_was_not_asked_to_stop()
    {
        await using var service = await ServiceAsync();
        var runs = Enumerable.Range(0, 30).Select(_ => service.Start(Jobs.Python("print(1)"))).ToList();
        foreach (var run in runs) await run.Finished;
        Assert.All(runs, run => Assert.Null(run.Stop.Reason));
    }

    [Fact]
    public async Task Printing_200_MB_keeps_the_beginning_and_the_end_and_counts_the_rest()
    {
        await using var service = await ServiceAsync();
        var run = service.Start(Jobs.Python("import sys\nsys.stdout.write('begin')\nfor _ in range(200): sys.stdout.write('x' * 1_000_000)\nsys.stdout.write('end')"));
        var result = await run.Finished;
        Assert.Equal(ExecutionStatus.Ok, result.Status);
        var omitted = 200_000_008 - service.Settings.Execution.MaxOutputBytes;
        Assert.Equal(new OutputTruncation(200_000_008, omitted, 0, 0), result.Truncated);
        Assert.StartsWith("beginxxx", result.Stdout, StringComparison.Ordinal);
        Assert.Contains($"\n[... {omitted} bytes left out ...]\n", result.Stdout, StringComparison.Ordinal);
        Assert.EndsWith("xxxend", result.Stdout, StringComparison.Ordinal);
        Assert.Equal(service.Settings.Execution.MaxOutputBytes, run.Streamed(OutputStream.Stdout).Length);
    }

    [Fact]
    public async Task Printing_more_than_may_be_printed_stops_the_job_and_says_so()
    {
        await using var service = await ServiceAsync(execution: options => options with { MaxPrintedBytes = 100_000, MaxOutputBytes = 1024 });
        var result = await service.RunAsync("import sys\nprint('first', file=sys.stderr)\nwhile True: print('x' * 1000)");
        Assert.Equal((ExecutionStatus.OutputLimit, ExecutionResult.KilledReturnCode), (result.Status, result.ReturnCode));
        Assert.Contains("100000 bytes", result.Hint, StringComparison.Ordinal);
        Assert.Equal("first\n", result.Stderr);
        Assert.True(result.Truncated!.StdoutBytes > 100_000 - "first\n".Length);
    }

    [Fact]
    public async Task Text_without_a_newline_arrives()
    {
        await using var service = await ServiceAsync();
        Assert.Equal("no end", (await service.RunAsync("import sys; sys.stdout.write('no end')")).Stdout);
    }

    [Fact]
    public async Task Bytes_that_are_not_UTF_8_become_replacement_characters()
    {
        await using var service = await ServiceAsync();
        var result = await service.RunAsync(@"import sys; sys.stdout.buffer.write(b'a\xff\xfeb\xe2\x82'); sys.stderr.buffer.write(bytes(range(256)))");
        Assert.Equal("a\uFFFD\uFFFDb\uFFFD", result.Stdout);
        Assert.StartsWith("\0\u0001", result.Stderr, StringComparison.Ordinal);
        Assert.Equal(128, result.Stderr.Count(c => c == '\uFFFD'));
    }

    [Theory]
    [InlineData("é", 0)]
    [InlineData("é", 1)]
    [InlineData("€", 1)]
    [InlineData("€", 2)]
    [InlineData("🐍", 1)]
    [InlineData("🐍", 2)]
    [InlineData("🐍", 3)]
    public async Task No_character_is_cut_where_output_is(string character, int shift)
    {
        await using var service = await ServiceAsync(execution: options => options with { MaxOutputBytes = 1024 });
        var run = service.Start(Jobs.Python($"import sys; sys.stdout.write('{new string('a', shift)}' + '{character}' * 5000)"));
        var result = await run.Finished;
        Assert.DoesNotContain('\uFFFD', result.Stdout);
        Assert.DoesNotContain('\uFFFD', run.Streamed(OutputStream.Stdout));
        Assert.All(run.Events.OfType<OutputChunk>(), chunk => Assert.False(char.IsHighSurrogate(chunk.Text[^1]) || char.IsLowSurrogate(chunk.Text[0])));
        var kept = System.Text.Encoding.UTF8.GetByteCount(result.Stdout.Replace($"\n[... {result.Truncated!.StdoutOmittedBytes} bytes left out ...]\n", "", StringComparison.Ordinal));
        Assert.Equal(result.Truncated.StdoutBytes, kept + result.Truncated.StdoutOmittedBytes);
    }

    [Fact]
    public async Task A_character_printed_in_two_writes_is_one()
    {
        await using var service = await ServiceAsync();
        using var release = new NamedPipe(service.Folder.Shared("go"));
        var run = service.Start(Jobs.Python($"import os\nos.write(1, b'ready\\xf0\\x9f')\nopen({WheelFolder.Python(release.Path)}).read()\nos.write(1, b'\\x90\\x8d')"));
        await run.Printed("ready");
        release.Open();
        Assert.Equal("ready🐍", (await run.Finished).Stdout);
        Assert.Equal("ready🐍", run.Streamed(OutputStream.Stdout));
    }

    [Fact]
    public async Task Code_that_closes_its_streams_still_gets_a_result()
    {
        await using var service = await ServiceAsync();
        var result = await service.RunAsync("import os, sys\nprint('said', flush=True)\nos.close(1)\nos.close(2)\nos._exit(3)");
        Assert.Equal(("said\n", 3), (result.Stdout, result.ReturnCode));
    }

    [Fact]
    public async Task Nothing_that_was_printed_is_lost_when_the_job_ends_however_short_the_grace()
    {
        // The pipes are full when the process ends, and the readers have many others to read.
        await using var service = await ServiceAsync(execution: options => options with { KillGrace = TimeSpan.Zero, Concurrency = 20 });
        var runs = Enumerable.Range(0, 20).Select(_ => service.Start(Jobs.Python("import os\nos.write(2, b'e' * 200_000)\nos.write(1, b'x' * 200_000)\nos._exit(0)"))).ToList();
        foreach (var run in runs)
        {
            var result = await run.Finished;
            Assert.Equal((200_000, 200_000), (result.Stdout.Length, result.Stderr.Length));
        }
    }

    [Fact]
    public async Task The_output_of_commands_that_the_code_starts_is_kept_too()
    {
        await using var service = await ServiceAsync();
        var result = await service.RunAsync("import subprocess\nprint('one')\nsubprocess.run('echo two; echo three > /dev/stdout; echo four >&2', shell=True)");
        Assert.Equal(("one\ntwo\nthree\n", "four\n"), (result.Stdout, result.Stderr));
    }
}

/// <summary>The same in a fresh interpreter for each job.</summary>
public sealed class OutputInFreshInterpreterTests() : OutputTests(forked: false);

/// <summary>The same in interpreters forked from a warm one.</summary>
public sealed class OutputInForkedInterpreterTests() : OutputTests(forked: true);
