using CodeExec.Shared.Running;
using CodeExec.Tests.Support;
using CodeExec.Worker.Execution;
using CodeExec.Worker.Processes;

namespace CodeExec.Tests.Execution;

/// <summary>What an interpreter says of itself, which it does without the modules that are made for it and slow to import.</summary>
public sealed class PythonInterpreterTests
{
    private const string InItsOwnWords = """
        import os, sys, sysconfig
        from importlib.metadata import version
        print(sys.executable, sys.version.split()[0], version("pip"), os.path.dirname(os.path.realpath(sys._base_executable)), sysconfig.get_config_var("SOABI"))
        """;

    [Fact]
    public async Task An_interpreter_is_what_its_own_modules_say()
    {
        var found = await PythonInterpreter.FindAsync(TestService.Python, CancellationToken.None);
        Assert.Equal(await AskAsync(found.Path, InItsOwnWords), $"{found.Path} {found.Version} {found.PipVersion} {found.BaseBinDirectory} {found.Abi}");
        Assert.Empty(found.OwnSitePackages);
    }

    [Fact]
    public async Task A_virtual_environment_without_pip_has_folders_of_its_own_and_no_pip()
    {
        using var folder = new TestFolder();
        await AskAsync(TestService.Python, $"import venv; venv.create({WheelFolder.Python(folder["venv"])}, with_pip=False)");
        var found = await PythonInterpreter.FindAsync(folder["venv/bin/python3"], CancellationToken.None);
        Assert.Equal(folder["venv/bin/python3"], found.Path);
        Assert.Null(found.PipVersion);
        Assert.All(found.OwnSitePackages, own => Assert.StartsWith(folder["venv"], own, StringComparison.Ordinal));
        Assert.NotEmpty(found.OwnSitePackages);
    }

    [Fact]
    public async Task What_an_interpreters_wrapper_prints_is_no_part_of_its_answer()
    {
        using var folder = new TestFolder();
        var wrapper = folder.Write("python", $"#!/bin/sh\necho a warning\n'{TestService.Python}' \"$@\"\necho a farewell\n");
        File.SetUnixFileMode(wrapper, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        var (direct, wrapped) = (await PythonInterpreter.FindAsync(TestService.Python, CancellationToken.None), await PythonInterpreter.FindAsync(wrapper, CancellationToken.None));
        Assert.Equal((direct.Path, direct.Version, direct.PipVersion, direct.Abi), (wrapped.Path, wrapped.Version, wrapped.PipVersion, wrapped.Abi));
        Assert.Empty(wrapped.OwnSitePackages);
    }

    [Theory]
    [InlineData("/opt/none/python", "Python was not found: PYTHON is \"/opt/none/python\", and there is no such file. Install it")]
    [InlineData("none/python", "Python was not found: PYTHON is \"none/python\", and there is no such file. Install it")]
    [InlineData("no-such-python", "Python was not found: there is no \"no-such-python\" on PATH. Install it")]
    public async Task An_interpreter_that_is_not_there_is_named_as_it_was_looked_for(string setting, string words) =>
        Assert.StartsWith(words, (await Assert.ThrowsAsync<RunnerException>(() => PythonInterpreter.FindAsync(setting, CancellationToken.None))).Message, StringComparison.Ordinal);

    private static async Task<string> AskAsync(string python, string code)
    {
        var (exit, output) = await CapturedCommand.RunAsync(new ChildCommand(python, ["-I", "-c", code], CodeEnvironment.Inherited(), "/"), TimeSpan.FromSeconds(30), CancellationToken.None);
        Assert.Equal(0, exit.ReturnCode);
        return output.Trim();
    }
}
