using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;
using CodeExec.Shared.Jobs;
using CodeExec.Shared.Packages;
using CodeExec.Worker.Limits;
using CodeExec.Worker.Processes;

namespace CodeExec.Worker.Execution;

/// <summary>What would help, when a result shows a mistake that we know the cure for. A model reads it and calls again.</summary>
internal static partial class ResultHint
{
    // Import names whose package is called otherwise; every other module is tried under its own name.
    private static readonly Dictionary<string, string> PackageOfModule = new(StringComparer.Ordinal)
    {
        ["attr"] = "attrs",
        ["bs4"] = "beautifulsoup4",
        ["Crypto"] = "pycryptodome",
        ["cv2"] = "opencv-python-headless",
        ["dateutil"] = "python-dateutil",
        ["docx"] = "python-docx",
        ["dotenv"] = "python-dotenv",
        ["fitz"] = "PyMuPDF",
        ["git"] = "GitPython",
        ["google.protobuf"] = "protobuf",
        ["jwt"] = "PyJWT",
        ["magic"] = "python-magic",
        ["mpl_toolkits"] = "matplotlib",
        ["MySQLdb"] = "mysqlclient",
        ["OpenSSL"] = "pyOpenSSL",
        ["PIL"] = "Pillow",
        ["pkg_resources"] = "setuptools",
        ["pptx"] = "python-pptx",
        ["psycopg2"] = "psycopg2-binary",
        ["serial"] = "pyserial",
        ["skimage"] = "scikit-image",
        ["sklearn"] = "scikit-learn",
        ["slugify"] = "python-slugify",
        ["usb"] = "pyusb",
        ["win32api"] = "pywin32",
        ["yaml"] = "PyYAML",
        ["zmq"] = "pyzmq",
    };

    /// <summary>The hint for a result; null when none is known.</summary>
    /// <param name="result">The result so far.</param>
    /// <param name="job">What was asked for.</param>
    /// <param name="limits">Those that held.</param>
    public static string? For(ExecutionResult result, ExecutionJob job, RunLimits limits) => result.Status switch
    {
        ExecutionStatus.Timeout => $"The code was stopped after {limits.RunTime.TotalSeconds:0} s, the limit. Do less in one call, or split the work over several calls and print results as they come.",
        ExecutionStatus.OutputLimit => $"The code was stopped after printing more than {limits.PrintedBytes} bytes, the limit. Print a summary, or only the part that you need.",
        ExecutionStatus.CpuLimit => $"The code was stopped after one of its processes had used {limits.CpuTime.TotalSeconds:0} s of processor time, the limit. Do less in one call, or split the work over several calls.",
        ExecutionStatus.Error => ForError(result, job, limits),
        ExecutionStatus.Ok when result.Stdout.Length == 0 && result.Stderr.Length == 0 => "The code ran without an error but printed nothing. Use print(...) for what you want to see: the value of the last line is not shown.",
        _ => null,
    };

    private static string? ForError(ExecutionResult result, ExecutionJob job, RunLimits limits)
    {
        if (MissingModule().Match(result.Stderr) is { Success: true } missing)
        {
            var module = missing.Groups["module"].Value;
            var top = module.Split('.')[0];
            var package = PackageOfModule.GetValueOrDefault(module) ?? PackageOfModule.GetValueOrDefault(top) ?? top;
            return job.Packages.Any(wish => wish.Name == PackageRequirement.Normalize(package))
                ? $"Package {package} is installed but has no module {module}: check the module's name, or name the package that holds it in \"packages\"."
                : $"Module {module} is not installed. Call again with packages: [{string.Join(", ", job.Packages.Select(wish => wish.Text).Append(package).Select(Quoted))}].";
        }
        if (DeniedPath().IsMatch(result.Stderr))
            return "Files can be written in the working directory and in tempfile.gettempdir() alone; everything else of the host is out of reach, or for reading only.";
        if (result.Stderr.Contains("EOFError: EOF when reading a line", StringComparison.Ordinal))
            return "Standard input is empty, so input() can't be answered. Put the values into the code.";
        if (result.ReturnCode == ExecutionResult.KilledReturnCode)
            return "The process was killed (SIGKILL), most often because the host ran out of memory. Use less memory: smaller data, or work in pieces.";
        if (result.ReturnCode == -LibC.SignalTerminate)
            return "The program was ended by SIGTERM, and not by a limit: most often the server is being shut down or restarted. Call again if running it twice is safe.";
        return LimitHint.For(result, limits);
    }

    // What the call asked for stays in the list, else the next call would miss that.
    private static string Quoted(string wish) => $"\"{JsonEncodedText.Encode(wish, JavaScriptEncoder.UnsafeRelaxedJsonEscaping)}\"";

    [GeneratedRegex(@"^PermissionError: \[Errno 13\] Permission denied: '/", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex DeniedPath();

    [GeneratedRegex(@"^ModuleNotFoundError: No module named '(?<module>[^']+)'", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex MissingModule();
}
