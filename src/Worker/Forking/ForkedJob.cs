using System.Buffers;
using System.Text.Json;
using CodeExec.Worker.Execution;

namespace CodeExec.Worker.Forking;

/// <summary>One job as a fork server's child gets it; python/fork_server.py describes the protocol. Immutable.</summary>
/// <param name="Workspace">Its folder, with <c>main.py</c> in its home.</param>
/// <param name="Environment">The whole environment of the program.</param>
internal sealed record ForkedJob(Workspace Workspace, IReadOnlyDictionary<string, string> Environment)
{
    /// <summary>The folder that a program dates at its exit code when it ends.</summary>
    public string DatedFolder => Path.GetDirectoryName(Workspace.Home)!;

    /// <summary>Writes the message.</summary>
    /// <param name="number">Names it among its server's.</param>
    public ReadOnlySpan<byte> Message(int number)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteNumber("job"u8, number);
            json.WriteString("home"u8, Workspace.Home);
            json.WriteStartObject("environment"u8);
            foreach (var (name, value) in Environment) json.WriteString(name, value);
            json.WriteEndObject();
            json.WriteEndObject();
        }
        return buffer.WrittenSpan;
    }
}
