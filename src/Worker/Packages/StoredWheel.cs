using CodeExec.Shared.Packages;

namespace CodeExec.Worker.Packages;

/// <summary>An unpacked wheel of the store, in use until it is disposed: nobody evicts it meanwhile. Immutable; any thread.</summary>
/// <param name="Id">Its name in the store: the interpreter's ABI, which its modules are compiled for, and the wheel file's SHA-256.</param>
/// <param name="FileName">The wheel file's name, such as <c>kettle-1.2-py3-none-any.whl</c>.</param>
/// <param name="Root">Its folder.</param>
/// <param name="Use">Holds the manifest.</param>
internal sealed record StoredWheel(string Id, string FileName, string Root, FileStream Use) : IDisposable
{
    /// <summary>The file that says what is in the folder.</summary>
    public const string ManifestName = "wheel.json";

    /// <summary>What goes into an environment's packages.</summary>
    public string SitePackages => Path.Combine(Root, "site-packages");

    /// <summary>What goes beside an environment's interpreter; may be missing.</summary>
    public string BinDirectory => Path.Combine(Root, "bin");

    /// <summary>The project's name, normalised.</summary>
    public string Project => PackageRequirement.Normalize(FileName.Split('-')[0]);

    /// <summary>The project's version.</summary>
    public string Version => FileName.Split('-')[1];

    /// <inheritdoc/>
    public void Dispose() => Use.Dispose();
}
