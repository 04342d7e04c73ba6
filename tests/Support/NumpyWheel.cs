using CodeExec.Tests.EndToEnd;

namespace CodeExec.Tests.Support;

/// <summary>A folder with a wheel of the numpy that Debian's Python has, and an interpreter that hasn't got it: pip has real work to do, offline.</summary>
public static class NumpyWheel
{
    private static readonly Lazy<Task<NumpyWheelPlace>> Place = new(BuildAsync);

    /// <summary>Made at the first call, then shared by all tests and by later test runs.</summary>
    public static Task<NumpyWheelPlace> BuiltAsync() => Place.Value;

    private static async Task<NumpyWheelPlace> BuildAsync()
    {
        var root = Path.Combine(Checkout.Root, ".cache/test-numpy");
        var place = new NumpyWheelPlace(Path.Combine(root, "wheels"), Path.Combine(root, "python/bin/python3"));
        var system = ProgramSettings.Clean(Directory.CreateDirectory(root).FullName).Variables["PYTHON"]!;
        await RunAsync(system, ["-I", Path.Combine(Checkout.Root, "tests/Support/numpy_wheel.py"), place.Folder]);
        if (!File.Exists(place.Python)) await RunAsync(system, ["-m", "venv", Path.Combine(root, "python")]);
        return place;
    }

    private static async Task RunAsync(string program, string[] arguments)
    {
        await using var running = RunningProgram.Start(program, arguments, ProgramSettings.Inherited);
        Assert.True((await running.EndAsync()).ExitCode == 0, running.Transcript);
    }
}

/// <summary>Where things are.</summary>
/// <param name="Folder">For PIP_FIND_LINKS.</param>
/// <param name="Python">An interpreter with pip and without numpy, for PYTHON.</param>
public sealed record NumpyWheelPlace(string Folder, string Python);
