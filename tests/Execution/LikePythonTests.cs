namespace CodeExec.Tests.Execution;

/// <summary>A program that is forked can't tell the difference from one that <c>python3 main.py</c> runs, nor can who reads its output.</summary>
public sealed class LikePythonTests(BothWays ways) : IClassFixture<BothWays>
{
    private static readonly string[] Files = ["start", "endings", "errors", "syntax", "objects", "streams", "processes", "libraries"];

    public static TheoryData<string, string> Programs => Named(Files);

    public static TheoryData<string, string> KnownDifferences => Named("known_differences");

    [Theory]
    [MemberData(nameof(Programs))]
    public async Task A_forked_program_does_what_a_fresh_one_does(string file, string program)
    {
        var code = ProgramCorpus.Code(file, program);
        Assert.Equal(await ways.FreshAsync(code), await ways.ForkedAsync(code));
    }

    [Theory]
    [MemberData(nameof(KnownDifferences))]
    public async Task A_known_difference_is_still_there(string file, string program)
    {
        var code = ProgramCorpus.Code(file, program);
        Assert.NotEqual(await ways.FreshAsync(code), await ways.ForkedAsync(code));
    }

    [Theory]
    [InlineData("import random; print(random.random(), random.Random().random(), random.SystemRandom().random())")]
    [InlineData("import uuid; print(uuid.uuid4(), uuid.uuid1())")]
    [InlineData("import secrets, os; print(secrets.token_hex(), os.urandom(8))")]
    [InlineData("import numpy; print(numpy.random.rand())")]
    [InlineData("import numpy; print(numpy.random.default_rng().random())")]
    [InlineData("import tempfile; print(tempfile.mktemp())")]
    [InlineData("import multiprocessing; print(bytes(multiprocessing.current_process().authkey))")]
    public async Task Chance_is_new_in_every_program(string code)
    {
        // The first may run before a server that imports what it imports, the others are its children.
        var ends = new List<ProgramEnd>();
        for (var i = 0; i < 4; i++) ends.Add(await ways.ForkedAsync(code));
        Assert.All(ends, end => Assert.Equal(0, end.ReturnCode));
        Assert.Equal(4, ends.Distinct().Count());
    }

    private static TheoryData<string, string> Named(params string[] files)
    {
        var named = new TheoryData<string, string>();
        foreach (var file in files)
            foreach (var name in ProgramCorpus.Names(file)) named.Add(file, name);
        return named;
    }
}
