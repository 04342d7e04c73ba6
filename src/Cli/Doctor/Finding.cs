namespace CodeExec.Cli.Doctor;

/// <summary>How well something is.</summary>
public enum Health
{
    /// <summary>As it should be.</summary>
    Ok,

    /// <summary>Works, but less well than it could.</summary>
    Warn,

    /// <summary>CodeExec can't do its work.</summary>
    Fail,
}

/// <summary>One thing that was examined.</summary>
/// <param name="Name">What.</param>
/// <param name="Health">How well it is.</param>
/// <param name="Found">What was found.</param>
/// <param name="Advice">What to do; null when there is nothing to do.</param>
public sealed record Finding(string Name, Health Health, string Found, string? Advice = null);
