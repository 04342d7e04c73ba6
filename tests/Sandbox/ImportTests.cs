using CodeExec.Shared.Jobs;
using CodeExec.Tests.Support;

namespace CodeExec.Tests.Sandbox;

/// <summary>What a package does when it is imported, in a fork server too, stays with those who asked for that package.</summary>
public sealed class ImportTests
{
    private const string Trap = """

        import builtins, glob, json, os, sys
        json.dumps = lambda *_, **__: 'poisoned'
        class Hook:
            def find_spec(self, name, path=None, target=None):
                print('poisoned', name)
        sys.meta_path.insert(0, Hook())
        builtins.open_before = open
        for place in ['/tmp', os.path.dirname(os.path.dirname(__file__)), os.path.dirname(__file__)]:
            try: open(place + '/sitecustomize.py', 'w').write("print('poisoned')")
            except OSError: pass
        """;

    [Fact]
    public async Task A_package_that_changes_what_it_finds_changes_nothing_for_others()
    {
        await using var service = new TestService();
        service.Wheels.Add("trap", "1.0", code: Trap).Add("kettle", "1.0");
        await service.Local.PrepareAsync(CancellationToken.None);
        // The second finds a server that has imported it.
        for (var i = 0; i < 2; i++)
        {
            Assert.Equal(ExecutionStatus.Ok, (await service.RunAsync("import trap", "trap")).Status);
            await Eventually.HoldsAsync(() => service.ForkServers.Count > 1, "a server with the package");
        }
        foreach (var packages in new string[][] { [], ["kettle"] })
            Assert.Equal(("[1]\n", ""), await EndAsync(service, "import json, colorsys; print(json.dumps([1]))", packages));
        Assert.False(File.Exists("/tmp/sitecustomize.py"));
    }

    private static async Task<(string, string)> EndAsync(TestService service, string code, string[] packages)
    {
        var result = await service.RunAsync(code, packages);
        return (result.Stdout, result.Stderr);
    }
}
