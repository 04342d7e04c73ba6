using CodeExec.Shared.Jobs;

namespace CodeExec.Tests.Execution;

/// <summary>How a program ends by itself, and what the result says of it.</summary>
public abstract class EndingTests(bool forked) : ExecutionTests(forked)
{
    [Theory]
    [InlineData("import sys; sys.exit(0)", 0, "")]
    [InlineData("import sys; sys.exit()", 0, "")]
    [InlineData("import sys; sys.exit(7)", 7, "")]
    [InlineData("import sys; sys.exit('some text')", 1, "some text\n")]
    [InlineData("import os; os._exit(9)", 9, "")]
    [InlineData("import os; os._exit(137)", 137, "")]
    [InlineData("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -9, "")]
    [InlineData("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", -15, "")]
    [InlineData("import os, signal; signal.signal(signal.SIGPIPE, signal.SIG_DFL); os.kill(os.getpid(), signal.SIGPIPE)", -13, "")]
    public async Task The_return_code_is_that_of_Python(string code, int returnCode, string stderr)
    {
        await using var service = await ServiceAsync();
        var result = await service.RunAsync(code);
        Assert.Equal((returnCode, stderr), (result.ReturnCode, result.Stderr));
        Assert.Equal(returnCode == 0 ? ExecutionStatus.Ok : ExecutionStatus.Error, result.Status);
    }

    [Fact]
    public async Task A_crash_is_told_from_an_exit_code()
    {
        await using var service = await ServiceAsync();
        Assert.Equal(-11, (await service.RunAsync("import ctypes; ctypes.string_at(0)")).ReturnCode);
        Assert.Equal(139, (await service.RunAsync("import os; os._exit(139)")).ReturnCode);
    }

    [Fact]
    public async Task A_traceback_names_main_py_with_line_and_source()
    {
        await using var service = await ServiceAsync();
        var result = await service.RunAsync("def half(n):\n    return n / 0\n\nprint('start')\nhalf(3)");
        Assert.Equal((1, ExecutionStatus.Error), (result.ReturnCode, result.Status));
        Assert.Equal("start\n", result.Stdout);
        Assert.Contains("main.py\", line 2, in half\n    return n / 0\n", result.Stderr, StringComparison.Ordinal);
        Assert.EndsWith("ZeroDivisionError: division by zero\n", result.Stderr, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Code_that_raises_while_it_ends_keeps_its_return_code()
    {
        await using var service = await ServiceAsync();
        var result = await service.RunAsync("import atexit\n@atexit.register\ndef last():\n    print('last words')\n    raise ValueError('too late')\nprint('done')");
        Assert.Equal("done\nlast words\n", result.Stdout);
        Assert.Equal(0, result.ReturnCode);
        Assert.Contains("ValueError: too late", result.Stderr, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Code_that_is_no_Python_gets_a_syntax_error()
    {
        await using var service = await ServiceAsync();
        var result = await service.RunAsync("for for");
        Assert.Equal((1, ExecutionStatus.Error), (result.ReturnCode, result.Status));
        Assert.Contains("SyntaxError", result.Stderr, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Standard_input_is_empty_and_input_gets_a_hint()
    {
        await using var service = await ServiceAsync();
        Assert.Equal("''\n", (await service.RunAsync("import sys; print(repr(sys.stdin.read()))")).Stdout);
        var asked = await service.RunAsync("name = input('Your name? ')");
        Assert.Equal(1, asked.ReturnCode);
        Assert.Contains("Put the values into the code", asked.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_module_is_to_be_asked_for_beside_what_the_call_asked_for()
    {
        await using var service = await ServiceAsync();
        service.Wheels.Add("kettle", "1.0").Add("teapot", "2.0");
        var result = await service.RunAsync("import cv2", "kettle>=1.0", "teapot");
        Assert.Equal("Module cv2 is not installed. Call again with packages: [\"kettle>=1.0\", \"teapot\", \"opencv-python-headless\"].", result.Hint);
    }

    [Theory]
    [InlineData("import cv2", "packages: [\"opencv-python-headless\"]")]
    [InlineData("import PIL.Image", "packages: [\"Pillow\"]")]
    [InlineData("from no_such_module.part import thing", "packages: [\"no_such_module\"]")]
    [InlineData("x = 1", "Use print(...)")]
    public async Task A_known_mistake_gets_a_hint(string code, string hint)
    {
        await using var service = await ServiceAsync();
        Assert.Contains(hint, (await service.RunAsync(code)).Hint, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_call_is_a_fresh_process()
    {
        await using var service = await ServiceAsync();
        Assert.Equal(0, (await service.RunAsync("import os\nopen('left', 'w').close()\nos.environ['LEFT'] = '1'")).ReturnCode);
        Assert.Equal("[] False ['main.py']\n", (await service.RunAsync(
            "import os\nprint([name for name in globals() if name == 'left'], 'LEFT' in os.environ, os.listdir('.'))")).Stdout);
    }

    [Fact]
    public async Task Code_runs_as_the_main_program()
    {
        await using var service = await ServiceAsync();
        var result = await service.RunAsync("import sys, os\nprint(__name__, __file__ == os.path.abspath('main.py') or __file__, sys.argv, sys.path[0] == os.getcwd())");
        Assert.Equal("__main__ True ['main.py'] True\n", result.Stdout);
    }

    [Fact]
    public async Task Source_in_any_script_arrives_as_it_was_sent()
    {
        await using var service = await ServiceAsync();
        Assert.Equal("Grüße 世界 🐍\n", (await service.RunAsync("приветствие = 'Grüße 世界 🐍'\nprint(приветствие)")).Stdout);
    }
}

/// <summary>The same in a fresh interpreter for each job.</summary>
public sealed class EndingInFreshInterpreterTests() : EndingTests(forked: false);

/// <summary>The same in interpreters forked from a warm one.</summary>
public sealed class EndingInForkedInterpreterTests() : EndingTests(forked: true);
