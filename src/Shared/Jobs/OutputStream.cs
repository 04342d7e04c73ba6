namespace CodeExec.Shared.Jobs;

/// <summary>Which of the program's two streams a piece of output came from.</summary>
public enum OutputStream
{
    /// <summary>File descriptor 1.</summary>
    Stdout,

    /// <summary>File descriptor 2.</summary>
    Stderr,
}
