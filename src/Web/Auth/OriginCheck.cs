using System.Net;
using CodeExec.Shared.Settings;
using CodeExec.Web.Mcp;

namespace CodeExec.Web.Auth;

/// <summary>
/// Keeps web pages from reaching the service through their visitor's browser: a page of another site by its Origin, and one whose
/// name was re-bound to a local address by its Host. Any thread.
/// </summary>
/// <seealso href="https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#security-warning"/>
internal sealed class OriginCheck(WebOptions options)
{
    private readonly HashSet<string> _allowed = new(options.AllowedOrigins.Select(origin => origin.TrimEnd('/')), StringComparer.OrdinalIgnoreCase);

    /// <summary>Checks where a request says it comes from and goes to.</summary>
    /// <returns>Why it isn't let in; null when it is.</returns>
    public Refusal? Check(HttpRequest request)
    {
        // With a key, a page on a re-bound name gets nowhere, because it doesn't know the key; and the public name is the operator's choice.
        if (options.ApiKeys.Count == 0 && !IsLocal(request.Host.Host))
            return Forbidden($"The Host header is \"{request.Host}\". Without an API_KEY only localhost, 127.0.0.1 and [::1] are served. Use one of them, or set a key.");
        var origin = request.Headers.Origin;
        if (origin.Count == 0 || (origin.Count == 1 && IsAllowed(origin[0]!, request.Host))) return null;
        return Forbidden($"The Origin header is \"{origin}\", which is neither this host nor local. Add it to ALLOWED_ORIGINS if its pages may run code here.");
    }

    private bool IsAllowed(string origin, HostString host)
    {
        if (_allowed.Contains(origin)) return true;
        if (!Uri.TryCreate(origin, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https")) return false;
        return IsLocal(uri.Host) || (string.Equals(uri.Host, host.Host, StringComparison.OrdinalIgnoreCase) && uri.Port == (host.Port ?? DefaultPort(uri)));
    }

    private static bool IsLocal(string name) => name is "localhost" or "[::1]" || (IPAddress.TryParse(name, out var address) && address.Equals(IPAddress.Loopback));

    // A TLS-terminating router hides the scheme from us, so the origin's own decides which port a Host header without one means.
    private static int DefaultPort(Uri origin) => origin.Scheme == "https" ? 443 : 80;

    private static Refusal Forbidden(string message) => new(StatusCodes.Status403Forbidden, Refusal.RequestRefused, message);
}
