using System.Net.Sockets;
using CodeExec.Shared.Settings;
using CodeExec.Tests.Support;
using CodeExec.Worker.Sandbox;

namespace CodeExec.Tests.Sandbox;

/// <summary>
/// Each layer is there for something: an attack that it stops gets through without it, and not before all that stop it are gone. Run as root, who
/// has them all.
/// </summary>
public sealed class LayerTests : IDisposable
{
    private static readonly Dictionary<string, SandboxLayer> Layers = SandboxLayer.All.ToDictionary(layer => layer.Name, StringComparer.Ordinal);

    private readonly TestFolder _doors = new();

    public void Dispose() => _doors.Dispose();

    [Theory]
    [InlineData("neighbours", "read a neighbour's file", "files")]
    [InlineData("neighbours", "signal a neighbour", "signals")]
    [InlineData("neighbours", "signal the parent", "signals")]
    [InlineData("neighbours", "enter a neighbour's working directory by its process", "files")]
    [InlineData("neighbours", "limits of a neighbour", "system-calls")]
    [InlineData("neighbours", "SysV shared memory, semaphores and queues", "system-calls")]
    [InlineData("neighbours", "files in /tmp", "files")]
    [InlineData("neighbours", "a module in the environment", "user files")]
    [InlineData("neighbours", "a package's own file", "user files")]
    [InlineData("neighbours", "the interpreter of the environment", "user files")]
    [InlineData("secrets", "a Unix socket of the same host", "system-calls")]
    [InlineData("secrets", "the settings file of the worker", "user files")]
    [InlineData("secrets", "a core dump", "user limit")]
    [InlineData("trickery", "a program with the set-user-ID bit", "no-new-privileges files system-calls")]
    public async Task Without_its_layers_an_attack_gets_through_and_with_one_of_them_it_does_not(string file, string name, string layers)
    {
        if (!Environment.IsPrivilegedProcess || LandlockRuleset.Version < 6) return;
        var stopping = layers.Split(' ').Select(layer => Layers[layer]).ToList();
        Assert.True(await GetsThroughAsync(file, name, stopping));
        // no_new_privs has to be given up with what the kernel only takes from who has given up new privileges; of those it is the one that stops.
        foreach (var kept in stopping.Take(layers.StartsWith("no-new", StringComparison.Ordinal) ? 1 : stopping.Count))
            Assert.False(await GetsThroughAsync(file, name, [.. stopping.Where(layer => layer != kept)]), kept.Name);
    }

    [Fact]
    public async Task A_worker_that_is_not_root_is_closed_even_without_a_sandbox()
    {
        using var folder = new TestFolder();
        await using var worker = WorkerProcess.Start(folder, asNobody: true, ("SANDBOX", "off"), ("API_KEY", "s3cret-key"));
        var words = new Dictionary<string, string>(StringComparer.Ordinal) { ["WORKER"] = $"{worker.Id}" };
        foreach (var name in new[] { "the environment of the worker", "the memory of the worker", "the descriptors of the worker", "the diagnostics socket of .NET", "ptrace of the worker" })
        {
            var answer = (await worker.CallAsync(name.Length, HostileProgram.Code("secrets", name, words))).GetRawText();
            Assert.DoesNotContain(HostileProgram.Reached, answer, StringComparison.Ordinal);
            Assert.DoesNotContain(HostileProgram.Secret, answer, StringComparison.Ordinal);
            Assert.Contains("Error", answer, StringComparison.Ordinal);
        }
    }

    private async Task<bool> GetsThroughAsync(string file, string name, IReadOnlyList<SandboxLayer> without)
    {
        await using var service = new TestService(sandbox: new SandboxOptions(), without: without);
        service.Wheels.Add("kettle", "1.0");
        service.Folder.Write(".env", "API_KEY=s3cret-of-the-file\n");
        File.SetUnixFileMode(service.Folder[".env"], (UnixFileMode)0b110_000_000);
        var program = _doors[$"id-{Guid.NewGuid():n}"];
        File.Copy("/usr/bin/id", program);
        File.SetUnixFileMode(program, (UnixFileMode)0b100_111_101_101);
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(service.Folder["socket"]));
        socket.Listen();
        File.SetUnixFileMode(service.Folder["socket"], (UnixFileMode)0b111_111_111);
        await service.RunAsync("import kettle", "kettle");
        var neighbour = service.Start(Jobs.Python("import os, time\nopen('mine.txt', 'w').write('s3cret')\nprint(os.getpid(), os.getcwd(), 'there')\ntime.sleep(600)", "kettle"));
        await neighbour.Printed("there");
        var said = neighbour.Streamed(CodeExec.Shared.Jobs.OutputStream.Stdout).Split(' ');
        var words = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["WORKER"] = "999999999",
            ["FOLDER"] = service.Folder.Path,
            ["SIBLING"] = said[0],
            ["SIBLING_HOME"] = said[1],
            ["SOCKET"] = service.Folder["socket"],
            ["SETUID"] = program,
        };
        var result = await service.RunAsync(HostileProgram.Code(file, name, words), "kettle");
        neighbour.Stop.Request(CodeExec.Shared.Jobs.StopReason.ClientCancelled);
        await neighbour.Finished;
        if (File.Exists("/tmp/codeexec-left")) File.Delete("/tmp/codeexec-left");
        return (result.Stdout + result.Stderr).Contains(HostileProgram.Reached, StringComparison.Ordinal) || result.Stdout.Contains(HostileProgram.Secret, StringComparison.Ordinal);
    }
}
