using System.Text;

namespace CodeExec.Cli.Running;

/// <summary>Where <c>run</c> takes its code from: the argument, a file or standard input.</summary>
public static class CodeSource
{
    // Twice the most that MAX_CODE_BYTES can allow: enough to name the size of what is too long, and an end for endless input.
    private const int MostBytes = 32 * 1024 * 1024;

    /// <summary>Reads the code.</summary>
    /// <param name="argument">CODE as typed; <c>-</c> for standard input, null when not given.</param>
    /// <param name="file">The file of <c>--file</c>; null when not given.</param>
    /// <param name="cancel">Ends a reading that waits for input.</param>
    /// <exception cref="UsageException">Neither or both are given, the file can't be read, or it isn't text.</exception>
    public static async Task<string> ReadAsync(string? argument, string? file, CancellationToken cancel)
    {
        if (argument is not null && file is not null)
            throw new UsageException($"Both CODE and --file {file} are given. Give one of them.");
        if (file is not null) return await ReadFileAsync(file, cancel);
        return argument switch
        {
            null => throw new UsageException("CODE is missing. Type it, as in: codeexec run 'print(2+2)'; or give --file main.py; or - for standard input."),
            "-" => await ReadTextAsync(Console.OpenStandardInput(), "Standard input", cancel),
            _ => argument,
        };
    }

    private static async Task<string> ReadFileAsync(string file, CancellationToken cancel)
    {
        try
        {
            await using var content = File.OpenRead(file);
            return await ReadTextAsync(content, $"--file {file}", cancel);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"--file {file} can't be read: {fault.Message}");
        }
    }

    private static async Task<string> ReadTextAsync(Stream content, string name, CancellationToken cancel)
    {
        var bytes = new MemoryStream();
        var buffer = new byte[64 * 1024];
        for (int read; bytes.Length < MostBytes && (read = await content.ReadAsync(buffer, cancel)) > 0;) bytes.Write(buffer, 0, read);
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes.GetBuffer(), 0, (int)bytes.Length);
        }
        catch (DecoderFallbackException fault)
        {
            throw new UsageException($"{name} is not UTF-8 text: byte {fault.Index} can't be read. Save the code as UTF-8.");
        }
    }
}
