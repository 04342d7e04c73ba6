using System.Text.RegularExpressions;

namespace CodeExec.Tests.EndToEnd;

/// <summary>The Procfile's web process on a free port of this machine. Started once per test class.</summary>
public sealed partial class WebServer : IAsyncDisposable
{
    private readonly RunningProgram _program;

    private WebServer(RunningProgram program, Uri url) => (_program, Url) = (program, url);

    public Uri Url { get; }

    public RunningProgram Program => _program;

    public string Transcript => _program.Transcript;

    public static async Task<WebServer> StartAsync(ProgramSettings settings)
    {
        await Checkout.BuiltAsync();
        var program = RunningProgram.StartShell(Checkout.ProcfileLine("web"), settings.With("PORT", "0").With("HOST", "127.0.0.1"));
        try
        {
            var log = await program.Stdout.HasAsync("mode ");
            return new WebServer(program, new Uri(Address().Match(log).Value));
        }
        catch (Exception fault)
        {
            var transcript = program.Transcript;
            await program.DisposeAsync();
            throw new InvalidOperationException($"The web process did not start:\n{transcript}", fault);
        }
    }

    public async ValueTask DisposeAsync() => await _program.DisposeAsync();

    [GeneratedRegex("http://127.0.0.1:[0-9]+", RegexOptions.None, 1000)]
    private static partial Regex Address();
}
