using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using CodeExec.Shared.Settings;

namespace CodeExec.Shared.Engines.Redis;

/// <summary>
/// One look at Redis before the first job, on a connection of its own, so that a wrong address, a wrong password or a missing TLS is said
/// in plain words; the client library only says that it could not connect. One thread.
/// </summary>
/// <seealso href="https://redis.io/docs/latest/develop/reference/protocol-spec/"/>
internal static class RedisBootCheck
{
    // Scripts with flags (allow-oom) came with 7.0.
    private const int OldestMajorVersion = 7;

    /// <summary>Looks.</summary>
    /// <returns>What the operator should know; empty when all is well.</returns>
    /// <exception cref="RedisRefusedException">It can't be used like this.</exception>
    public static async Task<IReadOnlyList<string>> LookAsync(RedisAddress address, QueueOptions options, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(options.CommandTimeout);
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(address.Host, address.Port, limit.Token);
            await using var stream = await OpenAsync(client, address, options, limit.Token);
            return await AskAsync(stream, address, limit.Token);
        }
        catch (SocketException fault)
        {
            return [$"Redis at {address} can't be reached ({fault.SocketErrorCode}). Check REDIS_URL's host and port. Trying again until it can."];
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return [$"Redis at {address} did not answer within {options.CommandTimeout.TotalSeconds:0} s{(address.Tls ? ": if it speaks plain TCP, REDIS_URL must begin with redis://" : ": if it wants TLS, REDIS_URL must begin with rediss://")}. Trying again until it does."];
        }
        catch (AuthenticationException fault)
        {
            throw new RedisRefusedException($"Redis at {address} can't be spoken to over TLS: {fault.Message} If it speaks plain TCP, REDIS_URL must begin with redis://; if its certificate is signed by itself, REDIS_VERIFY_TLS must be false.");
        }
        catch (IOException) when (address.Tls)
        {
            throw new RedisRefusedException($"Redis at {address} closed the TLS handshake. If it speaks plain TCP, REDIS_URL must begin with redis://.");
        }
        catch (IOException fault)
        {
            return [$"Redis at {address} closed the connection ({fault.Message}). If it wants TLS, REDIS_URL must begin with rediss://. Trying again."];
        }
    }

    /// <summary>Whether a certificate is good enough: with Heroku's self-signed chain only encryption can be had, unless a valid chain is demanded.</summary>
    public static bool Accepts(SslPolicyErrors faults, QueueOptions options) => !options.VerifyTls || faults == SslPolicyErrors.None;

    private static async Task<Stream> OpenAsync(TcpClient client, RedisAddress address, QueueOptions options, CancellationToken cancel)
    {
        if (!address.Tls) return client.GetStream();
        var tls = new SslStream(client.GetStream(), leaveInnerStreamOpen: false);
        await tls.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions { TargetHost = address.Host, RemoteCertificateValidationCallback = (_, _, _, faults) => Accepts(faults, options) }, cancel);
        return tls;
    }

    private static async Task<IReadOnlyList<string>> AskAsync(Stream stream, RedisAddress address, CancellationToken cancel)
    {
        if (address.Password is { } password && await CommandAsync(stream, cancel, "AUTH", password) is ['-', ..] refused)
            throw new RedisRefusedException($"Redis at {address} refused the password in REDIS_URL: {FirstWord(refused)}. Set the one that the server has.");
        var info = await CommandAsync(stream, cancel, "INFO", "server");
        if (info.StartsWith("-NOAUTH", StringComparison.Ordinal))
            throw new RedisRefusedException($"Redis at {address} wants a password and REDIS_URL has none. Write redis://:PASSWORD@HOST:PORT.");
        if (info is not ['$', ..])
            throw new RedisRefusedException($"The server at {address} is no usable Redis: it answered INFO with {FirstWord(info)}.");
        CheckVersion(info, address);
        var policy = await CommandAsync(stream, cancel, "CONFIG", "GET", "maxmemory-policy");
        return policy.Contains("lru", StringComparison.Ordinal) || policy.Contains("lfu", StringComparison.Ordinal) || policy.Contains("random", StringComparison.Ordinal)
            ? [$"Redis at {address} evicts keys when it is full, so jobs may get lost. Set its maxmemory-policy to noeviction."]
            : [];
    }

    private static void CheckVersion(string info, RedisAddress address)
    {
        const string Field = "redis_version:";
        var start = info.IndexOf(Field, StringComparison.Ordinal);
        if (start < 0) return;
        var version = info[(start + Field.Length)..].Split('\r', 2)[0];
        if (int.TryParse(version.Split('.')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var major) && major < OldestMajorVersion)
            throw new RedisRefusedException($"Redis at {address} is version {version}; {OldestMajorVersion}.0 or newer is needed. Upgrade it.");
    }

    private static string FirstWord(string answer) => answer.TrimStart('-').Split(' ', '\r')[0];

    private static async Task<string> CommandAsync(Stream stream, CancellationToken cancel, params string[] words)
    {
        var command = new StringBuilder($"*{words.Length}\r\n");
        foreach (var word in words) command.Append(CultureInfo.InvariantCulture, $"${Encoding.UTF8.GetByteCount(word)}\r\n{word}\r\n");
        await stream.WriteAsync(Encoding.UTF8.GetBytes(command.ToString()), cancel);
        await stream.FlushAsync(cancel);
        return await AnswerAsync(stream, cancel);
    }

    // The answers wanted here are short; a bulk string is read to its announced length, an array (CONFIG GET) to its last line.
    private static async Task<string> AnswerAsync(Stream stream, CancellationToken cancel)
    {
        var buffer = new byte[64 * 1024];
        var length = 0;
        while (length < buffer.Length)
        {
            var read = await stream.ReadAsync(buffer.AsMemory(length), cancel);
            if (read == 0) throw new IOException("the other side closed it");
            length += read;
            var text = Encoding.UTF8.GetString(buffer, 0, length);
            if (IsWhole(text)) return text;
        }
        throw new IOException("its answer is too long");
    }

    private static bool IsWhole(string text)
    {
        var line = text.IndexOf("\r\n", StringComparison.Ordinal);
        if (line < 0) return false;
        return text[0] switch
        {
            '$' => int.TryParse(text.AsSpan(1, line - 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var size) && (size < 0 || text.Length >= line + 2 + size + 2),
            '*' => int.TryParse(text.AsSpan(1, line - 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var count) && text.Split("\r\n").Length - 2 >= count * 2,
            _ => true,
        };
    }
}
