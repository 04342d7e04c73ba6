namespace CodeExec.Shared.Settings;

/// <summary>The settings can't be used; the process must not start. Lists every fault at once and never shows a secret's value.</summary>
public sealed class SettingsException(IReadOnlyList<string> faults)
    : Exception("The settings can't be used:" + string.Concat(faults.Select(fault => $"{Environment.NewLine}  - {fault}")))
{
    /// <summary>One sentence per fault: the setting, its value, what is allowed.</summary>
    public IReadOnlyList<string> Faults { get; } = faults;
}
