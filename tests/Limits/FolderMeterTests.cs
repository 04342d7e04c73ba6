using System.Diagnostics;
using CodeExec.Tests.Support;
using CodeExec.Worker.Limits;

namespace CodeExec.Tests.Limits;

/// <summary>What a folder takes on the disk.</summary>
public sealed class FolderMeterTests
{
    private const long Megabyte = 1024 * 1024;

    [Fact]
    public void Files_count_with_the_space_they_take_and_holes_do_not()
    {
        using var folder = new TestFolder();
        Write(folder["full"], 3 * Megabyte, fill: true);
        Write(folder["hollow"], 300 * Megabyte, fill: false);
        Assert.InRange(Measure(folder), 3 * Megabyte, 4 * Megabyte);
    }

    [Fact]
    public async Task A_file_with_several_names_counts_once()
    {
        using var folder = new TestFolder();
        Write(folder["0"], 2 * Megabyte, fill: true);
        using var python = Process.Start(TestService.Python, ["-c", "import os, sys\nos.chdir(sys.argv[1])\nfor i in range(1, 20): os.link('0', str(i))", folder.Path]);
        await python.WaitForExitAsync().Within();
        Assert.Equal(0, python.ExitCode);
        Assert.InRange(Measure(folder), 2 * Megabyte, 3 * Megabyte);
    }

    [Fact]
    public void Each_entry_counts_4_KiB_at_least_and_links_are_not_followed()
    {
        using var folder = new TestFolder();
        for (var i = 0; i < 1000; i++) File.CreateSymbolicLink(folder[$"{i}"], "/usr");
        Assert.Equal(1000 * FolderMeter.LeastEntryBytes, Measure(folder));
    }

    [Fact]
    public void A_sum_goes_on_where_its_last_slice_ended_and_shows_what_it_has()
    {
        using var folder = new TestFolder();
        for (var i = 0; i < 1000; i++)
        {
            Directory.CreateDirectory(folder[$"{i}/below"]);
            File.WriteAllText(folder[$"{i}/file"], "x");
        }
        using var meter = new FolderMeter(folder.Path);
        var (slices, last) = (1, 0L);
        for (; !meter.GoOn(() => true); slices++)
        {
            Assert.True(meter.Bytes >= last);
            last = meter.Bytes;
        }
        // 3000 entries, and 2001 folders to open, of which the empty ones take their time, too.
        Assert.True(slices >= 5001 / 64, $"{slices} slices");
        Assert.Equal(3000 * FolderMeter.LeastEntryBytes, meter.Bytes);
    }

    [Fact]
    public void Many_folders_below_a_long_path_take_little_memory_to_measure()
    {
        using var folder = new TestFolder();
        const int Count = 10_000;
        var deep = folder[string.Join('/', Enumerable.Repeat(new string('d', 200), 17))];
        Directory.CreateDirectory(deep);
        for (var i = 0; i < Count; i++) Directory.CreateDirectory(Path.Combine(deep, $"{i}"));
        using var meter = new FolderMeter(folder.Path);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.True(meter.GoOn(() => false));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, Count * 400);
        Assert.InRange(meter.Bytes, (Count + 17) * FolderMeter.LeastEntryBytes, 2 * Count * FolderMeter.LeastEntryBytes);
        Assert.False(meter.IsTooDeep);
    }

    [Fact]
    public void What_was_deleted_counts_no_longer()
    {
        using var folder = new TestFolder();
        Write(folder["file"], 3 * Megabyte, fill: true);
        using var meter = new FolderMeter(folder.Path);
        Assert.True(meter.GoOn(() => false));
        File.Delete(folder["file"]);
        Assert.True(meter.GoOn(() => false));
        Assert.Equal(0, meter.Bytes);
    }

    private static long Measure(TestFolder folder)
    {
        using var meter = new FolderMeter(folder.Path);
        Assert.True(meter.GoOn(() => false));
        return meter.Bytes;
    }

    private static void Write(string path, long bytes, bool fill)
    {
        using var file = File.Create(path);
        if (fill) file.Write(new byte[bytes]);
        else file.SetLength(bytes);
        file.Flush(flushToDisk: true);
    }
}
