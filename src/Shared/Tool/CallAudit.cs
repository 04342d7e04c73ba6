using System.Globalization;
using System.Text;
using CodeExec.Shared.Jobs;
using CodeExec.Shared.Packages;
using Microsoft.Extensions.Logging;

namespace CodeExec.Shared.Tool;

/// <summary>
/// What the log keeps of one call: who, which job, which packages, how long, how it ended. One line, written when the call ends, whatever
/// became of it. Never its output, and its code only when a setting asks for it. Belongs to one call; one thread at a time.
/// </summary>
/// <param name="job">The job's id.</param>
/// <param name="call">The call.</param>
/// <param name="withCode">Whether the code is written down.</param>
/// <param name="time">The clock.</param>
internal sealed partial class CallAudit(string job, IToolCall call, bool withCode, TimeProvider time)
{
    private const int LongestName = 100;
    private const int LongestPackages = 2000;
    private const int LongestReason = 500;
    private const int LongestCode = 10_000;

    private readonly long _arrived = time.GetTimestamp();
    private string _packages = "[]";
    private string _code = "";
    // What nobody tells of otherwise: its client is gone, and with it whoever would wait for the answer.
    private string _ending = "cancelled";
    private string _reason = "";
    private ExecutionResult? _result;

    /// <summary>The call asks for something that can be run.</summary>
    public void Asks(ToolArguments arguments)
    {
        _packages = Quoted(arguments.Packages);
        if (withCode) _code = $" code={QuotedText.Of(arguments.Code, LongestCode)}";
    }

    /// <summary>The call's job came to an end.</summary>
    public void Ended(ExecutionResult result) => (_result, _ending) = (result, result.Status.Name());

    /// <summary>The call was answered with its job's id; the job goes on.</summary>
    public void InBackground() => _ending = "background";

    /// <summary>The call was answered without a result.</summary>
    /// <param name="ending">One word: <c>invalid</c>, <c>refused</c> or <c>failed</c>.</param>
    /// <param name="reason">What the client is told.</param>
    public void Refused(string ending, string reason) => (_ending, _reason) = (ending, $" reason={QuotedText.Of(reason, LongestReason)}");

    /// <summary>Writes the line.</summary>
    public void Write(ILogger log)
    {
        var times = string.Create(CultureInfo.InvariantCulture,
            $"queue_ms={Milliseconds(_result?.QueueTime)} install_ms={Milliseconds(_result?.InstallTime)} run_ms={Milliseconds(_result?.Duration)} total_ms={Milliseconds(time.GetElapsedTime(_arrived))}");
        LogCall(log, job, QuotedText.Of(call.Caller, LongestName), QuotedText.Of(call.ClientName ?? "", LongestName), _packages, _ending, _result?.ReturnCode.ToString(CultureInfo.InvariantCulture) ?? "none", times, _reason + _code);
    }

    private static string Quoted(IReadOnlyList<PackageRequirement> packages)
    {
        var list = new StringBuilder("[");
        foreach (var (index, package) in packages.Index())
        {
            if (index > 0) list.Append(',');
            if (list.Length > LongestPackages) return list.Append(CultureInfo.InvariantCulture, $"\"… {packages.Count - index} more\"]").ToString();
            list.Append(QuotedText.Of(package.Text, PackageRequirement.MaxLength));
        }
        return list.Append(']').ToString();
    }

    private static long Milliseconds(TimeSpan? time) => (long)Math.Round((time ?? TimeSpan.Zero).TotalMilliseconds);

    [LoggerMessage(110, LogLevel.Information, "call job={Job} caller={Caller} client={Client} packages={Packages} ending={Ending} returncode={ReturnCode} {Times}{More}")]
    private static partial void LogCall(ILogger log, string job, string caller, string client, string packages, string ending, string returnCode, string times, string more);
}
