
namespace CodeExec.Tests.Execution;

public abstract class CodeEnvironmentTests(bool forked) : ExecutionTests(forked)
{
    private static readonly string[] Allowed =
    [
        "CURL_CA_BUNDLE", "HOME", "LANG", "LC_CTYPE", "LD_LIBRARY_PATH", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "PATH",
        "REQUESTS_CA_BUNDLE", "SSL_CERT_DIR", "SSL_CERT_FILE", "TMPDIR", "TZ",
    ];

    [Fact]
    public async Task Code_sees_no_variable_that_is_not_on_the_list()
    {
        await using var service = await ServiceAsync();
        var result = await service.RunAsync("import os\nfor name in os.environ: print(name)");
        Assert.Subset(Allowed.ToHashSet(StringComparer.Ordinal), result.Stdout.Split('\n', StringSplitOptions.RemoveEmptyEntries).ToHashSet(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Code_has_no_open_file_of_ours()
    {
        await using var service = await ServiceAsync();
        Assert.Equal("['0', '1', '2']\n", (await service.RunAsync("import os\nprint([name for name in sorted(os.listdir('/proc/self/fd')) if os.path.exists('/proc/self/fd/' + name) and name != '3' or name in '012'])")).Stdout);
    }

    [Fact]
    public async Task Code_starts_with_default_signals_in_a_group_and_session_of_its_own()
    {
        await using var service = await ServiceAsync();
        var result = await service.RunAsync("""
            import os, signal
            status = dict(line.split(':\t') for line in open('/proc/self/status').read().splitlines() if ':\t' in line)
            print(os.getpid() == os.getpgrp() == os.getsid(0), int(status['SigBlk'], 16), signal.getsignal(signal.SIGTERM) == signal.SIG_DFL)
            print([number for number in range(1, 32) if int(status['SigIgn'], 16) >> (number - 1) & 1])
            """);
        // Python itself ignores SIGPIPE (13) and SIGXFSZ (25).
        Assert.Equal("True 0 True\n[13, 25]\n", result.Stdout);
    }
}

/// <summary>The same in a fresh interpreter for each job.</summary>
public sealed class CodeEnvironmentInFreshInterpreterTests() : CodeEnvironmentTests(forked: false);

/// <summary>The same in interpreters forked from a warm one.</summary>
public sealed class CodeEnvironmentInForkedInterpreterTests() : CodeEnvironmentTests(forked: true);
