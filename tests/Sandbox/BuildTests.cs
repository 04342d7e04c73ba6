using CodeExec.Tests.Support;
using CodeExec.Worker.Sandbox;

namespace CodeExec.Tests.Sandbox;

/// <summary>What a package's own build does stays in what is being built.</summary>
public sealed class BuildTests
{
    private static readonly string[] Trusted = ["environments", "wheels"];

    [Fact]
    public async Task A_build_changes_nothing_that_another_environment_stands_on()
    {
        if (LandlockRuleset.Version == 0) return;
        await using var service = new TestService(packages: options => options with
        {
            AllowSourceDistributions = true,
            PipEnvironment = new Dictionary<string, string>(options.PipEnvironment, StringComparer.Ordinal) { ["PIP_NO_BUILD_ISOLATION"] = "1", ["PIP_EXTRA_INDEX_URL"] = "https://user:password@index.example/" },
        });
        service.Wheels.Add("kettle", "1.0");
        Assert.Equal("1.0\n", (await service.RunAsync("import kettle; print(kettle.VERSION)", "kettle")).Stdout);
        var (ran, got) = (service.Folder.Shared("ran"), service.Folder.Shared("got"));
        var before = Content(service);
        service.Wheels.AddSource("potter", "1.0", ran, $$"""
            import glob, os
            def note(text): open({{WheelFolder.Python(got)}}, 'a').write(text + '\n')
            cache = {{WheelFolder.Python(service.Folder["cache"])}}
            home = {{WheelFolder.Python(service.Folder.Path)}}
            for place in [cache, cache + '/environments', cache + '/wheels', cache + '/pip', home, home + '/wheels', home + '/work', '/tmp', *glob.glob(cache + '/environments/*')]:
                try: open(place + '/left-by-build', 'w').close(); note(place)
                except OSError: pass
            for place, folders, files in os.walk(cache):
                if '/building/' in place: continue
                for file in files:
                    try: open(os.path.join(place, file), 'r+b').close(); note(file)
                    except OSError: pass
            for process in glob.glob('/proc/[0-9]*'):
                try: note(open(process + '/environ').read()) if process != f'/proc/{os.getpid()}' else None
                except OSError: pass
            """);

        await service.RunAsync("print(1)", "potter");

        Assert.True(File.Exists(ran));
        Assert.False(File.Exists(got), File.Exists(got) ? await File.ReadAllTextAsync(got) : "");
        Assert.Empty(before.Except(Content(service), StringComparer.Ordinal));
        Assert.False(File.Exists("/tmp/left-by-build"));
        Assert.Equal("1.0\n", (await service.RunAsync("import kettle; print(kettle.VERSION)", "kettle")).Stdout);
    }

    [Fact]
    public async Task What_was_built_belongs_to_the_service_alone()
    {
        if (!Environment.IsPrivilegedProcess) return;
        await using var service = new TestService();
        service.Wheels.Add("kettle", "1.0");
        var result = await service.RunAsync("""
            import os, sys
            owners = {os.lstat(os.path.join(place, name)).st_uid for place, folders, files in os.walk(sys.prefix + '/lib') for name in folders + files}
            print(owners, os.getuid() in owners)
            """, "kettle");
        Assert.Equal("{0} False\n", result.Stdout);
    }

    private static List<string> Content(TestService service) =>
        [.. Trusted.SelectMany(name => TestFolder.Content(service.Folder[$"cache/{name}"])).Where(File.Exists).Select(path => $"{path} {new FileInfo(path).Length}")];
}
