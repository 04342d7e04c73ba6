using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;

namespace CodeExec.Tests.Support;

/// <summary>
/// A folder of real wheels for pip's <c>--find-links</c>, written by hand: a zip with the package's files, METADATA, WHEEL and RECORD.
/// </summary>
/// <seealso href="https://packaging.python.org/en/latest/specifications/binary-distribution-format/"/>
internal sealed class WheelFolder(string path)
{
    public string Path { get; } = Directory.CreateDirectory(path).FullName;

    /// <summary>Adds a pure wheel with one module of the package's name, which holds its VERSION.</summary>
    /// <param name="name">Name of package and module.</param>
    /// <param name="version">Its version.</param>
    /// <param name="requires">Values of Requires-Dist.</param>
    /// <param name="extras">Values of Provides-Extra.</param>
    /// <param name="command">A console script to bring, which prints the version; null for none.</param>
    /// <param name="code">More of the module.</param>
    /// <param name="padding">Bytes of further content, so that the package has a size.</param>
    public WheelFolder Add(string name, string version, string[]? requires = null, string[]? extras = null, string? command = null, string code = "", int padding = 0)
    {
        var files = new Dictionary<string, string>(StringComparer.Ordinal) { [$"{name}.py"] = $"VERSION = '{version}'\n\ndef main():\n    print('{name}', VERSION)\n{code}" };
        if (command is not null) files[$"{name}-{version}.dist-info/entry_points.txt"] = $"[console_scripts]\n{command} = {name}:main\n";
        if (padding > 0) files[$"{name}_padding.txt"] = new string('x', padding);
        return AddFiles(name, version, files, requires, extras);
    }

    /// <summary>Adds a wheel of any content.</summary>
    /// <param name="name">Name of the package.</param>
    /// <param name="version">Its version.</param>
    /// <param name="files">Its files by their place in the wheel; what describes the wheel is added here.</param>
    /// <param name="requires">Values of Requires-Dist.</param>
    /// <param name="extras">Values of Provides-Extra.</param>
    /// <param name="falsified">A file that RECORD lists with another content; null for none.</param>
    /// <param name="compressed">Whether the wheel takes less space than its files.</param>
    public WheelFolder AddFiles(
        string name, string version, IReadOnlyDictionary<string, string> files, string[]? requires = null, string[]? extras = null, string? falsified = null, bool compressed = false)
    {
        var all = new Dictionary<string, string>(files, StringComparer.Ordinal)
        {
            [$"{name}-{version}.dist-info/METADATA"] = string.Concat(
            [
                $"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
                .. (extras ?? []).Select(extra => $"Provides-Extra: {extra}\n"),
                .. (requires ?? []).Select(wish => $"Requires-Dist: {wish}\n"),
            ]),
            [$"{name}-{version}.dist-info/WHEEL"] = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        };
        var record = string.Concat(all.Select(file => $"{file.Key},sha256={Digest(file.Key == falsified ? "other" : file.Value)},{Encoding.UTF8.GetByteCount(file.Value)}\n"));
        all[$"{name}-{version}.dist-info/RECORD"] = $"{record}{name}-{version}.dist-info/RECORD,,\n";
        return Write($"{name}-{version}-py3-none-any.whl", all, compressed);
    }

    /// <summary>Adds a wheel of which a byte was lost on its way: pip, which looks at its metadata alone, finds nothing wrong.</summary>
    public WheelFolder AddDamaged(string name, string version)
    {
        Add(name, version);
        var file = System.IO.Path.Combine(Path, $"{name}-{version}-py3-none-any.whl");
        var bytes = File.ReadAllBytes(file);
        bytes[bytes.AsSpan().IndexOf("VERSION"u8)] = (byte)'v';
        File.WriteAllBytes(file, bytes);
        return this;
    }

    /// <summary>Adds a wheel that pip finds and downloads but can't install: its metadata is missing.</summary>
    public WheelFolder AddBroken(string name, string version) =>
        Write($"{name}-{version}-py3-none-any.whl", new Dictionary<string, string>(StringComparer.Ordinal) { [$"{name}.py"] = "" });

    /// <summary>Adds a package that exists only as source, whose build leaves a file behind when it runs, and does what else it is told to.</summary>
    public WheelFolder AddSource(string name, string version, string trace, string code = "")
    {
        using var file = File.Create(System.IO.Path.Combine(Path, $"{name}-{version}.zip"));
        using var zip = new ZipArchive(file, ZipArchiveMode.Create);
        Entry(zip, $"{name}-{version}/PKG-INFO", $"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n");
        Entry(zip, $"{name}-{version}/setup.py", $"open({Python(trace)}, 'w').close()\n{code}\nfrom setuptools import setup\nsetup(name='{name}', version='{version}')\n");
        return this;
    }

    /// <summary>A text as Python spells it.</summary>
    public static string Python(string text) => $"'{text.Replace("\\", @"\\", StringComparison.Ordinal).Replace("'", @"\'", StringComparison.Ordinal)}'";

    private WheelFolder Write(string fileName, Dictionary<string, string> files, bool compressed = false)
    {
        using var file = File.Create(System.IO.Path.Combine(Path, fileName));
        using var zip = new ZipArchive(file, ZipArchiveMode.Create);
        foreach (var (name, text) in files) Entry(zip, name, text, compressed ? CompressionLevel.Optimal : CompressionLevel.NoCompression);
        return this;
    }

    private static void Entry(ZipArchive zip, string name, string text, CompressionLevel compression = CompressionLevel.NoCompression)
    {
        using var stream = zip.CreateEntry(name, compression).Open();
        stream.Write(Encoding.UTF8.GetBytes(text));
    }

    // RECORD wants base64 for URLs, without padding.
    private static string Digest(string text) =>
        Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(text))).TrimEnd('=').Replace('+', '-').Replace('/', '_');
}
