using System.Globalization;
using System.Text.Json;

namespace CodeExec.Bench;

/// <summary>The figures of one run: a table for people, JSON for scripts.</summary>
internal sealed class Report
{
    private sealed record Row(string What, string Measure, string Ours, string Baseline, string Ratio);

    private readonly List<Row> _rows = [];

    /// <summary>Adds latencies beside a baseline's.</summary>
    public void Add(string what, Timings ours, Timings baseline)
    {
        foreach (var (name, share) in new[] { ("p50", 0.5), ("p95", 0.95), ("p99", 0.99) })
            _rows.Add(new Row(what, name, Milliseconds(ours.Percentile(share)), Milliseconds(baseline.Percentile(share)), Ratio(ours.Percentile(share), baseline.Percentile(share))));
    }

    /// <summary>Adds rates beside a baseline's.</summary>
    public void AddRate(string what, double ours, double baseline) =>
        _rows.Add(new Row(what, "calls/s", Number(ours), Number(baseline), Ratio(ours, baseline)));

    /// <summary>Adds a figure that has no baseline.</summary>
    public void Add(string what, string measure, string value) => _rows.Add(new Row(what, measure, value, "", ""));

    /// <summary>Adds a figure beside a baseline's, both worded.</summary>
    public void Add(string what, string measure, string ours, string baseline, double ratio) => _rows.Add(new Row(what, measure, ours, baseline, Number(ratio, "0.00")));

    /// <summary>Prints the table.</summary>
    public void Print(TextWriter output)
    {
        output.WriteLine($"{"what",-64} {"measure",-16} {"ours",12} {"baseline",12} {"ratio",7}");
        foreach (var row in _rows) output.WriteLine($"{row.What,-64} {row.Measure,-16} {row.Ours,12} {row.Baseline,12} {row.Ratio,7}");
    }

    /// <summary>Writes the same as JSON.</summary>
    public void WriteJson(string file) => File.WriteAllText(file, JsonSerializer.Serialize(_rows, JsonOptions));

    private static readonly JsonSerializerOptions JsonOptions = new() { WriteIndented = true };

    private static string Milliseconds(double value) => value.ToString("0.00", CultureInfo.InvariantCulture) + " ms";

    private static string Number(double value, string format = "0.0") => value.ToString(format, CultureInfo.InvariantCulture);

    private static string Ratio(double ours, double baseline) => (ours / baseline).ToString("0.00", CultureInfo.InvariantCulture);
}
