using System.Text;
using System.Text.Json;
using CodeExec.Shared.Jobs;
using CodeExec.Shared.Packages;

namespace CodeExec.Tests.Queue;

/// <summary>Jobs and events on their way between processes, of which some may be older than others.</summary>
public sealed class JobJsonTests
{
    private static readonly ExecutionResult FullResult = new()
    {
        ReturnCode = -9,
        Stdout = "ü\0 😀 \"quoted\"\n",
        Stderr = "�",
        Status = ExecutionStatus.OutputLimit,
        Duration = TimeSpan.FromMilliseconds(1234.5),
        InstallTime = TimeSpan.FromSeconds(61),
        QueueTime = TimeSpan.FromTicks(7),
        PackagesCache = PackagesCache.Miss,
        Truncated = new OutputTruncation(10_000_000_000, 9_000_000_000, 1, 0),
        Hint = "Print less.",
    };

    public static TheoryData<JobEvent> Events => new(
        new JobQueued(3), new JobStarted(), new PackagesInstalling("Collecting numpy"), new OutputChunk(OutputStream.Stderr, long.MaxValue, "täxt\n"),
        new JobFinished(FullResult), new JobFinished(ExecutionResult.StoppedBeforeStart), new JobFailed("The service failed."));

    [Theory]
    [MemberData(nameof(Events))]
    public void An_event_arrives_as_it_was_sent(JobEvent happened) => Assert.Equal(("1a2b", happened), JobJson.ReadEvent(JobJson.Write("1a2b", happened)));

    [Fact]
    public void A_job_arrives_as_it_was_sent()
    {
        Assert.Null(PackageRequirement.TryParse("numpy[extra]>=1,<3; python_version > '3'", out var package));
        var job = new ExecutionJob(JobId.Create(), "print('ü😀')\r\n", [package!], "a client");
        var read = JobJson.ReadJob(JobJson.Write(job));
        Assert.Equal((job.Id, job.Code, job.ClientName), (read.Id, read.Code, read.ClientName));
        Assert.Equal([package!.Text], read.Packages.Select(one => one.Text));
        Assert.Null(JobJson.ReadJob(JobJson.Write(job with { ClientName = null })).ClientName);
        Assert.Null(read.Limits);
        Assert.True(read.IsFollowed);
        Assert.False(JobJson.ReadJob(JobJson.Write(job with { IsFollowed = false })).IsFollowed);
        var limits = new JobLimits { TimeoutSeconds = 1, CpuSeconds = 2, MemoryMb = 3, Processes = 4, FileMb = 5, DiskMb = 6, OpenFiles = 7, PrintedBytes = 8_000_000_000 };
        Assert.Equal(limits, JobJson.ReadJob(JobJson.Write(job with { Limits = limits })).Limits);
        Assert.Equal(new JobLimits { MemoryMb = 3 }, JobJson.ReadJob(JobJson.Write(job with { Limits = new JobLimits { MemoryMb = 3 } })).Limits);
    }

    [Fact]
    public void What_a_newer_process_adds_is_ignored()
    {
        var job = JobJson.ReadJob("""{"id":"1","priority":{"high":[true]},"code":"pass","packages":[],"trace":"x"}"""u8);
        Assert.Equal(("1", "pass", null), (job.Id, job.Code, job.ClientName));
        Assert.True(job.IsFollowed);
        var (id, happened) = JobJson.ReadEvent("""{"job":"1","sent":12,"event":{"is":"output","stream":"Stdout","sequence":4,"text":"hi","colour":"red"}}"""u8);
        Assert.Equal(("1", new OutputChunk(OutputStream.Stdout, 4, "hi")), (id, Assert.IsType<OutputChunk>(happened)));
    }

    [Fact]
    public void What_an_older_process_left_out_has_its_default()
    {
        var (_, happened) = JobJson.ReadEvent("""{"job":"1","event":{"is":"finished","result":{"return_code":0,"stdout":"4\n","stderr":"","status":"Ok"}}}"""u8);
        Assert.Equal(new ExecutionResult { ReturnCode = 0, Stdout = "4\n", Stderr = "", Status = ExecutionStatus.Ok }, Assert.IsType<JobFinished>(happened).Result);
    }

    [Theory]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("""{"job":"1","event":{"is":"unheard of"}}""")]
    [InlineData("""{"job":"1","event":{}}""")]
    [InlineData("""{"job":"1"}""")]
    public void What_is_no_event_is_a_json_fault(string json) => Assert.ThrowsAny<JsonException>(() => JobJson.ReadEvent(Encoding.UTF8.GetBytes(json)));
}
