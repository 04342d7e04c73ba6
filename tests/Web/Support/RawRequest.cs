using System.Net.Sockets;
using System.Text;

namespace CodeExec.Tests.Web.Support;

/// <summary>HTTP by hand, for what <see cref="HttpClient"/> is too polite to send.</summary>
internal static class RawRequest
{
    /// <summary>Sends text as it is and reads the answer to its end; the request must ask for <c>Connection: close</c>.</summary>
    public static async Task<string> ExchangeAsync(Uri address, string request)
    {
        using var socket = await OpenAsync(address, request);
        return await RestAsync(socket);
    }

    /// <summary>Reads until the server closes the connection.</summary>
    public static async Task<string> RestAsync(Socket socket, TimeSpan? limit = null)
    {
        using var reader = new StreamReader(new NetworkStream(socket), Encoding.UTF8);
        return await reader.ReadToEndAsync().WaitAsync(limit ?? TestWeb.Patience);
    }

    /// <summary>Sends text as it is and leaves the answer unread.</summary>
    public static async Task<Socket> OpenAsync(Uri address, string request)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(address.Host, address.Port);
        await socket.SendAsync(Encoding.UTF8.GetBytes(request.ReplaceLineEndings("\r\n")));
        return socket;
    }
}
