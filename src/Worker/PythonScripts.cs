namespace CodeExec.Worker;

/// <summary>The Python files that belong to the worker (folder <c>python</c>), carried inside its assembly.</summary>
internal static class PythonScripts
{
    /// <summary>The text of one file.</summary>
    public static string Text(string name)
    {
        using var stream = typeof(PythonScripts).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"The assembly holds no {name}.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
