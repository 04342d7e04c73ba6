using CodeExec.Shared.Packages;

namespace CodeExec.Worker.Packages;

/// <summary>A set of packages that calls asked for, and how often. Immutable.</summary>
/// <param name="Requirements">The set, in one order.</param>
/// <param name="Calls">How many calls asked for it.</param>
/// <param name="LastCall">When the last of them came, to the minute.</param>
public sealed record WantedSet(IReadOnlyList<PackageRequirement> Requirements, long Calls, DateTimeOffset LastCall);
