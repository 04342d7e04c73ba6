using CodeExec.Tests.EndToEnd;
using CodeExec.Tests.Support;

namespace CodeExec.Tests.Deploy;

/// <summary>
/// What Heroku would unpack into <c>/app</c>: a clean clone of this checkout, without what <c>.slugignore</c> names, with the buildpacks'
/// Python and .NET, built with heroku/dotnet's own command. Built once, for a test class.
/// </summary>
public sealed class Slug : IAsyncLifetime, IDisposable
{
    // A quiet machine needs one minute.
    private static readonly TimeSpan BuildLimit = TimeSpan.FromMinutes(12);
    private readonly EndToEnd.TestFolder _folder = new();

    /// <summary>Its root.</summary>
    public string Root => Path.Combine(_folder.Path, "app");

    /// <summary>What the build printed.</summary>
    public string BuildLog { get; private set; } = "";

    /// <summary>A requirement that the slug's NumPy satisfies.</summary>
    public string Numpy { get; private set; } = "";

    /// <summary>A folder of its own for one test.</summary>
    public string FolderFor(string test)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_folder.Path, test)).FullName;
        Directory.CreateDirectory(Path.Combine(folder, "tmp"), (UnixFileMode)0b111_111_111);
        File.SetUnixFileMode(Path.Combine(folder, "tmp"), (UnixFileMode)0b111_111_111);
        return folder;
    }

    public async Task InitializeAsync()
    {
        var numpy = await NumpyWheel.BuiltAsync();
        Numpy = numpy.Requirement;
        var index = new WheelFolder(Path.Combine(_folder.Path, "index")).Add("pandas", "9.0").Add("requests", "9.0");
        var settings = ProgramSettings.Inherited.With("PIP_NO_INDEX", "1").With("PIP_FIND_LINKS", $"{numpy.Links} {new Uri(index.Path).AbsoluteUri}")
            .With("DOTNET_CLI_TELEMETRY_OPTOUT", "1").With("MSBUILDDISABLENODEREUSE", "1").With("DOTNET_NOLOGO", "1").With("CODEEXEC_ROOT", null);
        // A dyno's user must get to it.
        File.SetUnixFileMode(_folder.Path, (UnixFileMode)0b111_101_101);

        await RunAsync("/", settings, $"git -c safe.directory='*' clone --quiet --no-hardlinks '{Checkout.Root}' '{Root}' && rm -rf '{Root}/.git'");
        await RunAsync(Root, settings, "while read -r path; do rm -rf \".$path\"; done < .slugignore");
        await RunAsync(Root, settings, $"'{ProgramSettings.SystemPython}' -I '{Checkout.Root}/tests/Support/Heroku/relocated_python.py' .heroku/python");
        await RunAsync(Root, settings, """
            export PATH=$PWD/.heroku/python/bin:$PATH LD_LIBRARY_PATH=$PWD/.heroku/python/lib
            python3 -I -m pip install --quiet --disable-pip-version-check --root-user-action ignore --requirement requirements.txt
            """);
        BuildLog = await RunAsync(Root, settings.With("BUILD_DIR", Root).With("CACHE_DIR", Path.Combine(_folder.Path, "cache")), """
            export PATH=$PWD/.heroku/python/bin:$PATH LD_LIBRARY_PATH=$PWD/.heroku/python/lib
            PYTHON=python3 bin/post_compile
            """);
        BuildLog += await RunAsync(Root, settings, $"dotnet publish CodeExec.sln --runtime linux-x64 -p:PublishDir=bin/publish --artifacts-path '{_folder.Path}/artifacts'");
        await RunAsync(Root, settings, """
            dotnet=$(dirname "$(readlink -f "$(command -v dotnet)")") && mkdir -p .heroku/dotnet/shared
            cp -r "$dotnet/dotnet" "$dotnet/host" .heroku/dotnet
            cp -r "$dotnet"/shared/Microsoft.NETCore.App "$dotnet"/shared/Microsoft.AspNetCore.App .heroku/dotnet/shared
            """);
        if (Environment.IsPrivilegedProcess) await RunAsync(Root, settings, "chown -R 60000:60000 .");
    }

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => _folder.Dispose();

    private static async Task<string> RunAsync(string folder, ProgramSettings settings, string commands)
    {
        await using var shell = RunningProgram.Start("/bin/bash", ["-c", $"set -e\n{commands}"], settings with { WorkingDirectory = folder });
        var end = await shell.EndAsync(BuildLimit);
        Assert.True(end.ExitCode == 0, shell.Transcript);
        return end.Stdout;
    }
}
