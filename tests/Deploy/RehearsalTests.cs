using System.Text.Json;
using System.Text.Json.Nodes;
using CodeExec.Tests.EndToEnd;
using CodeExec.Tests.Support;
using CodeExec.Tests.Support.Heroku;
using Xunit.Abstractions;

namespace CodeExec.Tests.Deploy;

/// <summary>A deploy without Heroku: the slug as the buildpacks make it, on dynos that are processes of an unprivileged user with a dyno's limits.</summary>
public sealed class RehearsalTests(Slug slug, ITestOutputHelper output) : IClassFixture<Slug>
{
    private const long Megabyte = 1024 * 1024;
    private const string Password = "a-password-that-must-not-show";
    private static readonly string[] Programs = ["src/Web/bin/publish/CodeExec.Web", "src/Worker/bin/publish/CodeExec.Worker", "src/Cli/bin/publish/CodeExec.Cli"];

    [Fact]
    public void The_slug_holds_the_published_programs_the_wheels_and_nothing_of_tests_and_builds()
    {
        Assert.All(Programs, program => Assert.True(File.GetUnixFileMode(Path.Combine(slug.Root, program)).HasFlag(UnixFileMode.OtherExecute), program));
        Assert.Contains("The wheel folder holds 3 wheels", slug.BuildLog, StringComparison.Ordinal);

        var files = Directory.EnumerateFiles(slug.Root, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(slug.Root, file)).ToList();
        Assert.DoesNotContain(files, file => file.Split('/').Contains("obj") || file.StartsWith("bench/bin", StringComparison.Ordinal) || file.StartsWith(".git/", StringComparison.Ordinal));
        Assert.Equal(["tests/CodeExec.Tests.csproj"], files.Where(file => file.StartsWith("tests/", StringComparison.Ordinal)));
        var ours = files.Where(file => !file.StartsWith(".heroku/", StringComparison.Ordinal)).Sum(file => new FileInfo(Path.Combine(slug.Root, file)).Length);
        var all = files.Sum(file => new FileInfo(Path.Combine(slug.Root, file)).Length);
        output.WriteLine($"The slug, not compressed: {all / Megabyte} MB, of which {ours / Megabyte} MB are not the buildpacks'.");
        // Heroku warns from 300 MB and refuses from 500, compressed.
        Assert.True(all < 500 * Megabyte && ours < 120 * Megabyte, $"{all / Megabyte} MB, {ours / Megabyte} MB");
    }

    [Fact]
    public async Task The_doctor_finds_the_dyno_healthy()
    {
        await using var heroku = Deploy("doctor");
        // The Python there is a shared build that doesn't start without its library's folder.
        await heroku.TypeAsync("! heroku run --no-tty -a $APP_NAME -- env -u LD_LIBRARY_PATH python3 -c pass");
        var report = await heroku.TypeAsync("heroku run --no-tty -a $APP_NAME -- bin/codeexec doctor");
        output.WriteLine(report);
        Assert.DoesNotContain("FAIL", report, StringComparison.Ordinal);
        Assert.Contains($"at {slug.Root}/.heroku/python/bin/python3", report, StringComparison.Ordinal);
        Assert.Contains("512 MB of memory", report, StringComparison.Ordinal);
        Assert.Contains("dyno run.1: ", heroku.Logs(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_one_off_dyno_answers_the_reference_apps_requests()
    {
        await using var heroku = Deploy("one-off");
        var listed = await heroku.TypeAsync(ReadmeBlock.Under("Remote STDIO, on the server", 1));
        Assert.Contains("\"name\": \"code_exec_python\"", listed, StringComparison.Ordinal);
        Assert.Equal(50, Numbers(await heroku.TypeAsync(ReadmeBlock.Under("Remote STDIO, on the server", 2))));
        var answers = await heroku.TypeAsync(ReadmeBlock.Under("Remote STDIO, direct calls", 1).Replace("bin/codeexec stdio", Checkout.ProcfileLine("mcp-python"), StringComparison.Ordinal));
        using var answer = JsonDocument.Parse(answers.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1]);
        Assert.Equal(50, Numbers(answer.RootElement.GetProperty("result").GetRawText()));
    }

    [Fact]
    public async Task Web_and_two_workers_answer_over_TLS_and_end_in_order_on_a_SIGTERM_to_every_process_at_once()
    {
        await Checkout.BuiltAsync();
        var port = FreePort.Find();
        await using var redis = await RedisServer.StartAsync([.. SelfSignedChain.Create(slug.FolderFor("tls")).RedisOptions(port), "--requirepass", Password]);
        await using var heroku = Deploy("formation");
        heroku.Addons["heroku-redis"] = new JsonObject { ["REDIS_URL"] = $"rediss://:{Password}@127.0.0.1:{port}" };
        await heroku.TypeAsync("heroku config:set API_KEY=$(openssl rand -hex 32) -a $APP_NAME", ReadmeBlock.Under("Scale", 1));

        var export = ReadmeBlock.Under("Remote SSE", 2);
        Assert.Contains("\"name\": \"code_exec_python\"", await heroku.TypeAsync(export, ReadmeBlock.Under("Local SSE", 3)), StringComparison.Ordinal);
        Assert.Equal(50, Numbers(await heroku.TypeAsync(export, ReadmeBlock.Under("Local SSE", 4))));
        Assert.Equal(50, Numbers(await heroku.TypeAsync(export, ReadmeBlock.Under("Local STDIO, example client", 2))));

        using var line = new LineToCode();
        var endless = $"{{\"name\": \"code_exec_python\", \"arguments\": {{\"code\": \"{line.CallAndWait}\"}}}}";
        await using var caller = RunningProgram.StartShell($"{export}\nbin/codeexec mcp call_tool --args \"$CALL\"", heroku.Shell.With("CALL", endless));
        await line.CalledAsync(caller);
        await using var scaling = RunningProgram.StartShell("heroku ps:scale web=0 worker=0 -a $APP_NAME", heroku.Shell);
        // A signal to every process of a dyno ends the code as well; its caller is told so either way.
        await line.EndedAsync();
        var down = await scaling.EndAsync();
        Assert.Equal(0, down.ExitCode);
        Assert.DoesNotContain("R12", down.Stderr, StringComparison.Ordinal);
        var told = await caller.EndAsync();
        output.WriteLine($"{told.Stdout}{told.Stderr}{heroku.Logs()}");
        Assert.Contains("isError", told.Stdout, StringComparison.Ordinal);
        Assert.Contains("dyno worker.2: ", heroku.Logs(), StringComparison.Ordinal);
        Assert.DoesNotContain("left behind", heroku.Logs(), StringComparison.Ordinal);
        Assert.DoesNotContain(Password, heroku.Logs(), StringComparison.Ordinal);
    }

    // No setting of ours but config vars: a dyno has the defaults.
    private HerokuStandIn Deploy(string test)
    {
        var folder = slug.FolderFor(test);
        var settings = ProgramSettings.Clean(folder).With("TMPDIR", Path.Combine(folder, "tmp"));
        foreach (var name in new[] { "PREWARM_REQUIREMENTS", "PACKAGE_CACHE_DIR", "WORK_DIR", "WHEEL_DIR" }) settings = settings.With(name, null);
        return new HerokuStandIn(folder, slug.Root, settings, Path.Combine(Checkout.Root, "tests/Support/Heroku/dyno"));
    }

    private static int Numbers(string printed)
    {
        var text = JsonNode.Parse(printed)!["content"]![0]!["text"]!.GetValue<string>();
        var stdout = JsonNode.Parse(text)!["stdout"]!.GetValue<string>();
        Assert.True(stdout.StartsWith('['), text);
        return JsonNode.Parse(stdout)!.AsArray().Count;
    }
}
