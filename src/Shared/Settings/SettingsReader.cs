using System.Globalization;

namespace CodeExec.Shared.Settings;

/// <summary>A setting that was asked for, for <c>docs/configuration.md</c> and the test that keeps it true.</summary>
/// <param name="Name">The environment variable.</param>
/// <param name="Default">What holds when it isn't set, as the document words it.</param>
public sealed record KnownSetting(string Name, string Default);

/// <summary>Turns environment variables into values and collects what is wrong with them. One thread.</summary>
public sealed class SettingsReader(IReadOnlyDictionary<string, string> environment)
{
    private readonly List<string> _faults = [];
    private readonly List<KnownSetting> _known = [];

    /// <summary>What is wrong so far, one sentence each.</summary>
    public IReadOnlyList<string> Faults => _faults;

    /// <summary>Every setting asked for so far.</summary>
    public IReadOnlyList<KnownSetting> Known => _known;

    /// <summary>A whole number within a range.</summary>
    /// <param name="name">The environment variable.</param>
    /// <param name="fallback">What holds when it isn't set.</param>
    /// <param name="least">The smallest allowed value.</param>
    /// <param name="most">The largest allowed value.</param>
    /// <param name="unit">For the error's text: "seconds", "bytes".</param>
    /// <param name="shownDefault">How the document words a default that depends on the host.</param>
    public long Number(string name, long fallback, long least, long most, string unit, string? shownDefault = null)
    {
        var text = Raw(name, shownDefault ?? fallback.ToString(CultureInfo.InvariantCulture));
        if (text is null) return fallback;
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most)
            return value;
        Fault($"{name} is \"{text}\"; it must be a whole number of {unit} from {least} to {most} (default {shownDefault ?? fallback.ToString(CultureInfo.InvariantCulture)}).");
        return fallback;
    }

    /// <summary>A time in whole seconds.</summary>
    public TimeSpan Seconds(string name, long fallback, long least, long most, string? shownDefault = null) =>
        TimeSpan.FromSeconds(Number(name, fallback, least, most, "seconds", shownDefault));

    /// <summary><c>true</c> or <c>on</c>, <c>false</c> or <c>off</c>, in any case.</summary>
    public bool Switch(string name, bool fallback)
    {
        var text = Raw(name, fallback ? "true" : "false");
        if (text is null) return fallback;
        if (text.Equals("true", StringComparison.OrdinalIgnoreCase) || text.Equals("on", StringComparison.OrdinalIgnoreCase)) return true;
        if (text.Equals("false", StringComparison.OrdinalIgnoreCase) || text.Equals("off", StringComparison.OrdinalIgnoreCase)) return false;
        Fault($"{name} is \"{text}\"; it must be true or false (default {(fallback ? "true" : "false")}).");
        return fallback;
    }

    /// <summary>Any text; null when not set. An empty value counts as not set.</summary>
    public string? Text(string name, string? shownDefault = null) => Raw(name, shownDefault ?? "none");

    /// <summary>All variables that begin with a prefix, with their full names.</summary>
    public IReadOnlyDictionary<string, string> Prefixed(string prefix)
    {
        _known.Add(new KnownSetting(prefix + "*", "none"));
        return environment.Keys.Where(name => name.StartsWith(prefix, StringComparison.Ordinal)).ToDictionary(name => name, name => environment[name], StringComparer.Ordinal);
    }

    /// <summary>Notes a fault that the reader can't see itself, such as two settings that contradict each other.</summary>
    public void Fault(string sentence) => _faults.Add(sentence);

    /// <summary>Ends the reading.</summary>
    /// <exception cref="SettingsException">Something was wrong; all of it is listed.</exception>
    public void ThrowOnFaults()
    {
        if (_faults.Count > 0) throw new SettingsException(_faults);
    }

    private string? Raw(string name, string shownDefault)
    {
        _known.Add(new KnownSetting(name, shownDefault));
        return environment.TryGetValue(name, out var text) && text.Trim().Length > 0 ? text.Trim() : null;
    }
}
