using System.Text;
using CodeExec.Worker.Packages;
using CodeExec.Worker.Sandbox;

namespace CodeExec.Worker.Execution;

/// <summary>
/// A private folder: <c>home</c> (working directory and HOME, with <c>main.py</c>) and <c>tmp</c> (TMPDIR). One job at a time has it; a fork
/// server has one, too. Removed when disposed, whatever the code did to it.
/// </summary>
internal sealed class Workspace : IDisposable
{
    // Each job adds a rule to the ruleset, for what is its own in /proc (python/job_domain.py), and the kernel keeps something for each.
    private const int MostJobsOfDomain = 200;

    private readonly string _root;
    private readonly ForeignUser _user;
    private readonly Action<string> _leftBehind;
    private LandlockRuleset? _domain;
    private int _jobsOfDomain;

    private Workspace(string root, ForeignUser user, Action<string> leftBehind)
    {
        (_root, _user, _leftBehind) = (root, user, leftBehind);
        Home = Path.Combine(root, "home");
        Temporary = Path.Combine(root, "tmp");
        MainFile = Path.Combine(Home, "main.py");
    }

    /// <summary>The working directory.</summary>
    public string Home { get; }

    /// <summary>Where temporary files go.</summary>
    public string Temporary { get; }

    /// <summary>The code's file.</summary>
    public string MainFile { get; }

    /// <summary>Who its two folders are for.</summary>
    public ForeignUser User => _user;

    /// <summary>Whether something of a program may still run in it: then it is nothing for the next.</summary>
    public bool MayBeInUse { get; set; }

    /// <summary>The folder itself, with all that is in it.</summary>
    public string Root => _root;

    /// <summary>The folder that a program dates at its exit code when it ends, in seconds since 1970.</summary>
    public string DatedFolder => Temporary;

    /// <summary>Makes a folder.</summary>
    /// <param name="path">Its path; the parent is the process's own folder.</param>
    /// <param name="user">Who the two folders in it are for. It can't put anything in their place.</param>
    /// <param name="leftBehind">Told the path when it can't be removed at the end.</param>
    /// <exception cref="IOException">The disk is full, or the folder can't be made.</exception>
    public static Workspace Create(string path, ForeignUser user, Action<string> leftBehind)
    {
        var workspace = new Workspace(path, user, leftBehind);
        try
        {
            FolderTree.Create(workspace._root);
            user.LetThrough(workspace._root);
            foreach (var folder in new[] { workspace.Home, workspace.Temporary })
            {
                FolderTree.Create(folder);
                user.Give(folder);
            }
            return workspace;
        }
        catch
        {
            workspace.Dispose();
            throw;
        }
    }

    /// <summary>Puts a program into its place, as a new file.</summary>
    /// <exception cref="IOException">The disk is full, or the folder isn't as it was.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder isn't as it was.</exception>
    public void WriteMain(string code)
    {
        using var file = File.OpenHandle(MainFile, FileMode.CreateNew, FileAccess.Write);
        RandomAccess.Write(file, Encoding.UTF8.GetBytes(code), 0);
        _user.Give((int)file.DangerousGetHandle());
    }

    /// <summary>The Landlock ruleset that a job in this folder enters, made at the first; null where there is no Landlock. For one job at a time.</summary>
    public int? DomainFor(SandboxPlan plan, PackageEnvironment environment)
    {
        if (_domain is null || _jobsOfDomain++ == MostJobsOfDomain)
        {
            _domain?.Dispose();
            (_domain, _jobsOfDomain) = (plan.DomainOf(environment, this), 1);
        }
        return _domain?.Descriptor;
    }

    /// <summary>Makes it fit for another program, if this one left nothing in it and did nothing to it.</summary>
    public bool TryReset()
    {
        try
        {
            File.Delete(MainFile);
            Directory.SetLastWriteTimeUtc(DatedFolder, DateTime.UtcNow);
            return IsAsMade;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Whether it has its two empty folders, and nothing else.</summary>
    /// <exception cref="IOException">It can't be looked at.</exception>
    /// <exception cref="UnauthorizedAccessException">It can't be looked at.</exception>
    public bool IsAsMade => Directory.EnumerateFileSystemEntries(_root).All(path => path == Home || path == Temporary) && IsEmpty(Home) && IsEmpty(Temporary);

    /// <inheritdoc/>
    public void Dispose()
    {
        _domain?.Dispose();
        if (!FolderTree.Remove(_root)) _leftBehind(_root);
    }

    private static bool IsEmpty(string folder) =>
        new DirectoryInfo(folder) is { Exists: true, LinkTarget: null, UnixFileMode: FolderTree.Private } && !Directory.EnumerateFileSystemEntries(folder).Any();
}
