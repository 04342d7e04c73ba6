using CodeExec.Shared.Jobs;
using CodeExec.Tests.Support;
using CodeExec.Worker.Packages;

namespace CodeExec.Tests.Packages;

/// <summary>What a wheel brings is where code expects it, as after pip; what it must not bring is refused.</summary>
public sealed class WheelContentTests
{
    private static readonly Dictionary<string, string> Everything = new(StringComparer.Ordinal)
    {
        ["teapot/__init__.py"] = "def main():\n    print('main')\n\nclass Cup:\n    def fill():\n        print('filled')\n",
        ["teapot/leaves.txt"] = "green",
        ["tea/green/__init__.py"] = "NAME = 'green'\n",
        ["teapot.pth"] = "import sys; sys.brewing = True\n",
        ["broken.py"] = "x = = 1\n",
        ["teapot-1.0.data/purelib/pure_tea.py"] = "",
        ["teapot-1.0.data/platlib/strong_tea.py"] = "",
        ["teapot-1.0.data/scripts/brew"] = "#!python\nimport teapot; print('brewed')\n",
        ["teapot-1.0.data/scripts/stir"] = "#!/bin/sh\necho stirred\n",
        ["teapot-1.0.data/scripts/pour"] = "#!python\nraise SystemExit('replaced by the entry point')\n",
        ["teapot-1.0.data/data/share/teapot/card.txt"] = "menu",
        ["teapot-1.0.data/data/bin/heat"] = "#!/bin/sh\necho hot\n",
        ["teapot-1.0.data/headers/teapot.h"] = "",
        ["teapot-1.0.dist-info/entry_points.txt"] = "[console_scripts]\npour = teapot:main\n\n[gui_scripts]\nfill = teapot:Cup.fill [porcelain]\n\n[tea.kinds]\ngreen = tea.green\n",
    };

    [Theory]
    [InlineData("import sys, teapot, tea.green, tea.black, pure_tea, strong_tea; print(tea.green.NAME, tea.black.NAME, sys.brewing)", "green black True")]
    [InlineData("import importlib.resources, teapot; print(importlib.resources.files(teapot).joinpath('leaves.txt').read_text())", "green")]
    [InlineData("import os, site, teapot; here = os.path.dirname(os.path.dirname(teapot.__file__)); print(open(here + '/share/teapot/card.txt').read(), os.path.exists(here + '/include/python/teapot/teapot.h'))", "menu True")]
    [InlineData("import subprocess; print(*(subprocess.run([name], capture_output=True, text=True, check=True).stdout.strip() for name in ('pour', 'fill', 'brew', 'stir', 'heat')))", "main filled brewed stirred hot")]
    [InlineData("from importlib.metadata import distribution as d, entry_points; t = d('teapot'); print(t.version, t.metadata['Name'], t.read_text('INSTALLER').strip(), t.read_text('REQUESTED') is None, d('blacktea').read_text('REQUESTED') is None, *(e.load().NAME for e in entry_points(group='tea.kinds')))", "1.0 teapot pip False True green")]
    [InlineData("from importlib.metadata import files; f = {str(p): p for p in files('teapot')}; print(all(p.locate().exists() for p in f.values()), f['teapot/leaves.txt'].hash.mode, f['teapot/leaves.txt'].size, *sorted(p for p in f if 'bin/' in p or 'REQ' in p or 'broken' in p))",
        "True sha256 5 ../../../bin/brew ../../../bin/fill ../../../bin/heat ../../../bin/pour ../../../bin/stir broken.py teapot-1.0.dist-info/REQUESTED")]
    [InlineData("import os, teapot, tea.green; print(*(os.stat(m.__cached__).st_nlink > 1 for m in (teapot, tea.green)))", "True True")]
    public async Task What_a_wheel_brings_is_in_its_place(string code, string printed)
    {
        await using var service = new TestService();
        service.Wheels.AddFiles("teapot", "1.0", Everything, requires: ["blacktea"])
            .AddFiles("blacktea", "1.0", new Dictionary<string, string>(StringComparer.Ordinal) { ["tea/black/__init__.py"] = "NAME = 'black'\n" });
        var result = await service.RunAsync(code, "teapot");
        Assert.Equal((printed + "\n", ""), (result.Stdout, result.Stderr));
    }

    [Fact]
    public async Task Where_two_wheels_bring_the_same_file_the_one_asked_for_wins()
    {
        await using var service = new TestService();
        service.Wheels.AddFiles("zinc", "1.0", Shared("zinc"), requires: ["brass"]).AddFiles("brass", "1.0", Shared("brass"), requires: ["zinc"]);
        Assert.Equal("zinc\n", (await service.RunAsync("import metal; print(metal.NAME)", "zinc")).Stdout);
        Assert.Equal("brass\n", (await service.RunAsync("import metal; print(metal.NAME)", "brass")).Stdout);

        static Dictionary<string, string> Shared(string name) => new(StringComparer.Ordinal) { ["metal.py"] = $"NAME = '{name}'\n" };
    }

    [Fact]
    public async Task No_wheel_can_take_the_place_of_what_an_environment_is_made_of()
    {
        await using var service = new TestService();
        service.Wheels.AddFiles("usurper", "1.0", new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["codeexec.pth"] = "import sys; sys.exit(3)\n",
            ["usurper-1.0.data/scripts/python3"] = "#!/bin/sh\nexit 3\n",
            ["usurper-1.0.data/data/bin/python"] = "#!/bin/sh\nexit 3\n",
        });
        Assert.Equal("1\n", (await service.RunAsync("import subprocess; subprocess.run(['python', '-c', 'print(1)'])", "usurper")).Stdout);
    }

    [Theory]
    [InlineData("../escaped.py", "its entry '../escaped.py' lies outside the folder")]
    [InlineData("kettle/../../escaped.py", "lies outside the folder")]
    [InlineData("/escaped.py", "lies outside the folder")]
    [InlineData("kettle-1.0.data/data/../../../escaped.py", "lies outside the folder")]
    [InlineData("kettle-1.0.data/scripts/../../escaped.py", "lies outside the folder")]
    [InlineData("kettle-1.0.data/elsewhere/escaped.py", "is in no folder that the format knows")]
    [InlineData("kettle-1.0.data/purelib/pip-99.dist-info/METADATA", "speaks for another package")]
    [InlineData("kettle-1.0.data/data/lib/python/pip-99.dist-info/METADATA", "speaks for another package")]
    [InlineData("kettle-1.0.data/data/pip-99.dist-info/METADATA", "speaks for another package")]
    [InlineData("kettle-1.0.data/data/lib/python/kettle-1.0.dist-info/METADATA", "speaks for another package")]
    [InlineData("./pip-99.dist-info/METADATA", "speaks for another package")]
    [InlineData("pip-99.DIST-INFO/METADATA", "speaks for another package")]
    public async Task A_wheel_that_reaches_out_of_its_folder_is_refused(string entry, string words)
    {
        await using var service = new TestService();
        service.Wheels.AddFiles("kettle", "1.0", new Dictionary<string, string>(StringComparer.Ordinal) { ["kettle.py"] = "", [entry] = "" });
        var result = await service.RunAsync("import kettle", "kettle");
        Assert.Equal((ExecutionStatus.InstallFailed, 1), (result.Status, result.ReturnCode));
        Assert.Contains("The wheel kettle-1.0-py3-none-any.whl is refused: ", result.Stderr, StringComparison.Ordinal);
        Assert.Contains(words, result.Stderr, StringComparison.Ordinal);
        Assert.Contains("Ask for another version", result.Hint, StringComparison.Ordinal);
        Assert.Empty(service.StoredWheels);
        Assert.DoesNotContain(TestFolder.Content(service.Folder.Path), path => path.EndsWith("escaped.py", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_stored_wheel_that_speaks_for_two_packages_is_the_wheels_fault_and_not_the_services()
    {
        await using var service = new TestService();
        service.Wheels.Add("kettle", "1.0").Add("teapot", "1.0");
        await service.RunAsync("print(1)", "kettle");
        // As an earlier version of this service let it in.
        Directory.CreateDirectory(Path.Combine(Assert.Single(service.StoredWheels), "site-packages", "evil-1.dist-info"));
        var result = await service.RunAsync("print(1)", "kettle", "teapot");
        Assert.Equal(ExecutionStatus.InstallFailed, result.Status);
        Assert.Contains("The wheel kettle-1.0-py3-none-any.whl is refused: it has 2 .dist-info folders, and must have one.", result.Stderr, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wheel_that_is_not_what_it_says_of_itself_is_refused()
    {
        await using var service = new TestService();
        service.Wheels.AddFiles("kettle", "1.0", new Dictionary<string, string>(StringComparer.Ordinal) { ["kettle.py"] = "" }, falsified: "kettle.py").AddDamaged("shard", "1.0");
        Assert.Contains("its entry 'kettle.py' is not what its RECORD says", (await service.RunAsync("import kettle", "kettle")).Stderr, StringComparison.Ordinal);
        Assert.Contains("it is damaged (Bad CRC-32 for file 'shard.py')", (await service.RunAsync("import shard", "shard")).Stderr, StringComparison.Ordinal);
        Assert.Empty(service.StoredWheels);
    }

    [Fact]
    public async Task Where_files_can_not_be_linked_they_are_copied()
    {
        // Memory is another file system than the disk, on most hosts; where it isn't, the files are linked and the rest holds all the same.
        await using var service = new TestService();
        service.Wheels.AddFiles("teapot", "1.0", Everything, requires: ["blacktea"]).Add("blacktea", "1.0");
        await service.RunAsync("print(1)", "teapot");
        var id = Path.GetRelativePath(service.Folder["cache/wheels"], service.StoredWheels.Single(wheel => Directory.Exists(Path.Combine(wheel, "bin"))));
        using var wheel = Assert.IsType<StoredWheel>(new WheelStore(service.Settings.Packages, TimeProvider.System).TryHold(id));
        var root = Directory.CreateDirectory(Path.Combine("/dev/shm", $"codeexec-test-{Guid.NewGuid():n}")).FullName;
        try
        {
            var environment = new PackageEnvironment("key", root, "3.11");
            Directory.CreateDirectory(environment.BinDirectory);
            WheelPlacement.Place(wheel, requested: true, environment, "/usr/bin/python3");
            foreach (var file in new DirectoryInfo(wheel.SitePackages).EnumerateFiles("*", SearchOption.AllDirectories).Where(file => file.Name != "RECORD"))
            {
                var placed = new FileInfo(Path.Combine(environment.SitePackages, Path.GetRelativePath(wheel.SitePackages, file.FullName)));
                Assert.Equal((file.Length, file.LastWriteTimeUtc, file.UnixFileMode), (placed.Length, placed.LastWriteTimeUtc, placed.UnixFileMode));
            }
            Assert.StartsWith("#!/usr/bin/python3\n", File.ReadAllText(Path.Combine(environment.BinDirectory, "brew")), StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }
}
