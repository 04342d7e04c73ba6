using System.Collections.Frozen;
using CodeExec.Shared.Settings;
using CodeExec.Web.Auth;

namespace CodeExec.Web.Callers;

/// <summary>What every caller has of this process: one share for each key, or one for everybody where there are no keys. Any thread.</summary>
internal sealed class CallerShares : IDisposable
{
    private readonly FrozenDictionary<string, CallerShare> _shares;

    /// <summary>Makes the shares.</summary>
    /// <param name="web">The keys and their limits.</param>
    /// <param name="execution">How many calls may wait, and how long.</param>
    /// <param name="time">The clock.</param>
    public CallerShares(WebOptions web, ExecutionOptions execution, TimeProvider time)
    {
        var names = web.ApiKeys.Count == 0 ? [Caller.Anonymous] : web.ApiKeys.Select(key => key.Name);
        _shares = names.ToFrozenDictionary(
            name => name,
            name => new CallerShare(name, web.KeyLimits.GetValueOrDefault(name, web.EachKey), web.ShareOf(execution.QueueLimit), execution.QueueTimeout, time),
            StringComparer.Ordinal);
    }

    /// <summary>All of them, by name.</summary>
    public IEnumerable<CallerShare> All => _shares.Values.OrderBy(share => share.Name, StringComparer.Ordinal);

    /// <summary>The share of a caller that was let in.</summary>
    public CallerShare Of(string caller) => _shares[caller];

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var share in _shares.Values) share.Dispose();
    }
}
