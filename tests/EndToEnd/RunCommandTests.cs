using System.Text.Json;
using CodeExec.Tests.Support;

namespace CodeExec.Tests.EndToEnd;

/// <summary><c>bin/codeexec run</c> as a user types it.</summary>
public sealed class RunCommandTests : IAsyncLifetime, IDisposable
{
    private readonly TestFolder _folder = new();

    public Task InitializeAsync() => Checkout.BuiltAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task It_prints_what_the_code_prints()
    {
        var end = await RunAsync("print(2+2)");
        Assert.Equal(new ProgramEnd(0, "4\n", ""), end);
    }

    [Theory]
    [InlineData("import sys; sys.exit(7)", 7)]
    [InlineData("1/0", 1)]
    [InlineData("import os; os.kill(os.getpid(), 15)", 128 + 15)]
    public async Task It_exits_as_the_code_does(string code, int exitCode) => Assert.Equal(exitCode, (await RunAsync(code)).ExitCode);

    [Fact]
    public async Task A_time_out_keeps_what_was_printed_and_exits_with_124()
    {
        await using var program = Start(["run", "print('so far', flush=True); import time; time.sleep(600)"], _folder.Settings.With("EXEC_TIMEOUT_SECONDS", "1"));
        var end = await program.EndAsync();
        Assert.Equal((124, "so far\n"), (end.ExitCode, end.Stdout));
        Assert.Contains("hint: ", end.Stderr, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Packages_that_cannot_be_installed_exit_with_125_and_pips_own_words()
    {
        var end = await RunAsync("print(1)", "--packages", "surely-no-such-package");
        Assert.Equal((125, ""), (end.ExitCode, end.Stdout));
        Assert.Contains("surely-no-such-package", end.Stderr, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Commas_within_a_requirement_do_not_end_it()
    {
        var end = await RunAsync("print(1)", "--packages", "numpy>=1,<99,pip[x,y]", "--packages", "numpy!=0.1", "--json");
        Assert.True(end.ExitCode == 0, end.Stderr + end.Stdout);
        Assert.Contains("\"packages_cache\": \"hit\"", end.Stdout, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(64, "Argument \"code\" is empty", "run", "  ")]
    [InlineData(64, "Argument \"packages\"[0] \"-r x\" is a pip option", "run", "print(1)", "--packages=-r x")]
    [InlineData(64, "CODE is missing", "run")]
    [InlineData(64, "Both CODE and --file", "run", "print(1)", "--file", "main.py")]
    [InlineData(64, "--file /no/such.py can't be read", "run", "--file", "/no/such.py")]
    [InlineData(64, "Unknown command or argument \"--nonsense\"", "run", "print(1)", "--nonsense")]
    [InlineData(64, "Unknown command or argument \"nonsense\"", "nonsense")]
    public async Task A_mistake_in_the_arguments_is_named(int exitCode, string words, params string[] arguments)
    {
        await using var program = Start(arguments, _folder.Settings);
        var end = await program.EndAsync();
        Assert.True(end.ExitCode == exitCode && end.Stdout.Length == 0, program.Transcript);
        Assert.Contains(words, end.Stderr, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("PYTHON", "/no/such/python", 69, "Install it")]
    [InlineData("EXEC_TIMEOUT_SECONDS", "soon", 78, "EXEC_TIMEOUT_SECONDS is \"soon\"")]
    public async Task What_keeps_it_from_running_is_named(string setting, string value, int exitCode, string words)
    {
        await using var program = Start(["run", "print(1)"], _folder.Settings.With(setting, value));
        var end = await program.EndAsync();
        Assert.Equal(exitCode, end.ExitCode);
        Assert.Contains(words, end.Stderr, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Output_is_shown_while_the_code_still_runs()
    {
        using var line = new LineToCode();
        await using var program = Start(["run", $"print('first', flush=True); {line.CallAndWait}; print('second')"], _folder.Settings);
        await program.Stdout.HasAsync("first\n");
        await line.CalledAsync(program);
        Assert.DoesNotContain("second", program.Stdout.Text, StringComparison.Ordinal);
        await line.AnswerAsync();
        Assert.Equal(new ProgramEnd(0, "first\nsecond\n", ""), await program.EndAsync());
    }

    [Fact]
    public async Task Ctrl_C_ends_the_code_and_exits_with_130()
    {
        using var line = new LineToCode();
        await using var program = Start(["run", line.CallAndWait], _folder.Settings);
        await line.CalledAsync(program);
        await program.SignalAsync("INT");
        await line.EndedAsync();
        Assert.Equal(130, (await program.EndAsync()).ExitCode);
    }

    [Fact]
    public async Task A_reader_that_leaves_ends_the_code_quietly()
    {
        using var line = new LineToCode();
        var code = $"{line.CallAndWait.Replace("line.recv(1)", "print('first')", StringComparison.Ordinal)}\nwhile True: print('more')";
        await using var shell = RunningProgram.StartShell($"bin/codeexec run - <<'CODE' | head -n 1\n{code}\nCODE", _folder.Settings);
        await line.CalledAsync(shell);
        await line.EndedAsync();
        Assert.Equal(new ProgramEnd(0, "first\n", ""), await shell.EndAsync());
    }

    [Fact]
    public async Task A_slow_reader_of_a_pipe_that_cannot_block_loses_nothing()
    {
        using var code = new LineToCode();
        using var reader = new LineToCode();
        // More than a pipe holds, into one that was left non-blocking, as Node leaves its own; read only once the code has printed all.
        await using var shell = RunningProgram.StartShell(
            $$"""
            { {{ProgramSettings.SystemPython}} -c "import os; os.set_blocking(1, False)"; bin/codeexec run "print('x' * 200000, flush=True); {{code.CallAndWait}}"; } \
              | {{ProgramSettings.SystemPython}} -c "{{reader.CallAndWait}}; import sys; print(len(sys.stdin.read()))"
            """,
            _folder.Settings);
        await reader.CalledAsync(shell);
        await code.CalledAsync(shell);
        await code.AnswerAsync();
        await reader.AnswerAsync();
        Assert.Equal(new ProgramEnd(0, "200001\n", ""), await shell.EndAsync());
    }

    [Fact]
    public async Task In_a_file_that_others_write_to_as_well_everything_has_its_place()
    {
        var file = Path.Combine(_folder.Path, "log");
        await using var shell = RunningProgram.StartShell($"{{ echo before; bin/codeexec run 'print(1)'; bin/codeexec run --json 'print(2)' | jq .stdout; bin/codeexec run 1/0; echo after; }} > {file} 2>&1", _folder.Settings);
        Assert.Equal(0, (await shell.EndAsync()).ExitCode);
        var log = await File.ReadAllTextAsync(file);
        Assert.StartsWith("before\n1\n\"2\"\nTraceback", log, StringComparison.Ordinal);
        Assert.EndsWith("ZeroDivisionError: division by zero\nafter\n", log, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(300)]
    [InlineData(350)]
    public async Task The_end_of_a_long_output_is_shown_once(int lines)
    {
        // More than is streamed (1024 bytes), less than is streamed and kept together: nothing is missing and nothing comes twice.
        await using var program = Start(["run", $"for number in range({lines}): print(number)"], _folder.Settings.With("MAX_OUTPUT_BYTES", "1024"));
        Assert.Equal(string.Concat(Enumerable.Range(0, lines).Select(number => $"{number}\n")), (await program.EndAsync()).Stdout);
    }

    [Fact]
    public async Task What_is_left_out_of_a_very_long_output_is_told_in_its_place()
    {
        await using var program = Start(["run", "for number in range(5000): print(number)"], _folder.Settings.With("MAX_OUTPUT_BYTES", "1024"));
        var end = await program.EndAsync();
        Assert.StartsWith("0\n1\n2\n", end.Stdout, StringComparison.Ordinal);
        Assert.EndsWith("\n4998\n4999\n", end.Stdout, StringComparison.Ordinal);
        Assert.Contains("\n[... 22354 bytes left out ...]\n", end.Stdout, StringComparison.Ordinal);
        Assert.Contains("truncated: 22354 bytes were left out", end.Stderr, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Json_is_the_tools_own_object_and_nothing_else()
    {
        var end = await RunAsync("print(2+2); import sys; print('careful', file=sys.stderr); sys.exit(3)", "--json");
        using var result = JsonDocument.Parse(end.Stdout);
        Assert.Equal((3, ""), (end.ExitCode, end.Stderr));
        Assert.StartsWith("{\n  \"returncode\": 3,\n  \"stdout\": \"4\",\n  \"stderr\": \"careful\",\n", end.Stdout, StringComparison.Ordinal);
        Assert.Equal("error", result.RootElement.GetProperty("status").GetString());
    }

    [Fact]
    public async Task Code_comes_from_standard_input_or_a_file_too()
    {
        await using var piped = Start(["run", "-"], _folder.Settings);
        await piped.TypeAsync("print('gr\u00fc\u00dfe')\n");
        piped.EndInput();
        Assert.Equal(new ProgramEnd(0, "gr\u00fc\u00dfe\n", ""), await piped.EndAsync());

        var file = Path.Combine(_folder.Path, "my code.py");
        await File.WriteAllTextAsync(file, "@staticmethod\ndef f(): pass\nprint('from a file')");
        await using var filed = Start(["run", "--file", file], _folder.Settings);
        Assert.Equal(new ProgramEnd(0, "from a file\n", ""), await filed.EndAsync());
    }

    [Fact]
    public async Task Numpy_is_installed_once_and_then_taken_from_the_cache()
    {
        var numpy = await NumpyWheel.BuiltAsync();
        var settings = _folder.Settings.With("PIP_FIND_LINKS", numpy.Links);
        foreach (var cache in new[] { "miss", "hit" })
        {
            await using var program = Start(["run", "import numpy as np; print(np.random.rand(50).tolist())", "--packages", numpy.Requirement, "--json"], settings);
            var end = await program.EndAsync();
            Assert.True(end.ExitCode == 0, program.Transcript);
            using var result = JsonDocument.Parse(end.Stdout);
            using var numbers = JsonDocument.Parse(result.RootElement.GetProperty("stdout").GetString()!);
            Assert.Equal(50, numbers.RootElement.GetArrayLength());
            Assert.Equal(cache, result.RootElement.GetProperty("packages_cache").GetString());
        }
    }

    private async Task<ProgramEnd> RunAsync(string code, params string[] options)
    {
        await using var program = Start(["run", code, .. options], _folder.Settings);
        return await program.EndAsync();
    }

    private static RunningProgram Start(IEnumerable<string> arguments, ProgramSettings settings) => RunningProgram.Start(Checkout.Codeexec, arguments, settings);
}
