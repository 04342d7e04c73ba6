using CodeExec.Tests.EndToEnd;

namespace CodeExec.Tests.Support;

/// <summary>A wheel of the numpy that Debian's Python has, under a version of its own: pip has real work to do, without an index.</summary>
/// <param name="Links">The folder that holds it, for PIP_FIND_LINKS: as an address, since pip splits that setting at blanks.</param>
/// <param name="Requirement">What to ask for, such as <c>numpy==1.24.2+repacked</c>; plain <c>numpy</c> is there already.</param>
public sealed record NumpyWheel(string Links, string Requirement)
{
    private static readonly Lazy<Task<NumpyWheel>> Wheel = new(BuildAsync);

    /// <summary>Made at the first call, then shared by all tests and by later test runs.</summary>
    public static Task<NumpyWheel> BuiltAsync() => Wheel.Value;

    private static async Task<NumpyWheel> BuildAsync()
    {
        var folder = Path.Combine(Checkout.Root, ".cache/test-wheels");
        await using var packing = RunningProgram.Start(
            ProgramSettings.SystemPython, ["-I", Path.Combine(Checkout.Root, "tests/Support/numpy_wheel.py"), folder], ProgramSettings.Inherited);
        var end = await packing.EndAsync();
        Assert.True(end.ExitCode == 0, packing.Transcript);
        return new NumpyWheel(new Uri(folder).AbsoluteUri, $"numpy=={Path.GetFileName(end.Stdout.Trim()).Split('-')[1]}");
    }
}
