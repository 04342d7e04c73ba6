using System.Collections;
using dotenv.net;

namespace CodeExec.Shared.Settings;

/// <summary>Where settings come from: this process's environment variables, and the <c>.env</c> file of the working directory below them.</summary>
public static class ProcessEnvironment
{
    private const string FileName = ".env";

    /// <summary>Names and values; a variable that is set, even to nothing, wins over the file.</summary>
    public static IReadOnlyDictionary<string, string> Read()
    {
        var variables = File.Exists(FileName) ? ReadFile() : new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (DictionaryEntry variable in Environment.GetEnvironmentVariables())
            variables[(string)variable.Key] = (string?)variable.Value ?? "";
        return variables;
    }

    // Apart, so that the library is loaded only where there is a file.
    private static Dictionary<string, string> ReadFile() =>
        new(DotEnv.Read(new DotEnvOptions(envFilePaths: [FileName], probeForEnv: false)), StringComparer.Ordinal);
}
