using CodeExec.Web.Mcp;

namespace CodeExec.Web.Auth;

/// <summary>
/// Lets a request in when it carries one of the API keys, once, as <c>Authorization: Bearer</c> or as <c>x-api-key</c>. Any thread.
/// </summary>
/// <seealso href="https://www.rfc-editor.org/rfc/rfc6750"/>
internal sealed partial class ApiKeyCheck(ApiKeys keys, ILogger<ApiKeyCheck> log)
{
    private const string Scheme = "Bearer";
    private const string HowToSend = "Send it as \"Authorization: Bearer <key>\" or as \"x-api-key: <key>\".";

    /// <summary>Whether a request that needs no key carries one. Never, where none are configured.</summary>
    public bool Knows(HttpRequest request) => Presented(request) is { } presented && keys.FindName(presented) is not null;

    /// <summary>Finds out who sends a request, for <see cref="Caller.Of"/>.</summary>
    /// <returns>Why the request isn't let in; null when it is.</returns>
    public Refusal? Check(HttpContext context)
    {
        if (keys.IsEmpty)
        {
            context.Features.Set(new Caller(Caller.Anonymous));
            return null;
        }
        var authorization = context.Request.Headers.Authorization;
        var apiKey = context.Request.Headers["x-api-key"];
        // Two keys leave open which one counts; what stands between us and the client may see it the other way round.
        if (authorization.Count + apiKey.Count > 1)
            return new Refusal(StatusCodes.Status400BadRequest, Refusal.RequestRefused, $"The API key was sent {authorization.Count + apiKey.Count} times. {HowToSend} Not both, and only once.");
        if (authorization.Count + apiKey.Count == 0) return Unauthorized(context, $"No API key was sent. {HowToSend}");

        if (Presented(context.Request) is not { } presented) return Unauthorized(context, $"The Authorization header doesn't use the scheme \"{Scheme}\". {HowToSend}");
        if (keys.FindName(presented) is not { } name) return Unauthorized(context, "The API key is wrong. Ask the operator for a valid one: the service's API_KEY setting.");
        context.Features.Set(new Caller(name));
        return null;
    }

    // Null when there is none, or more than one.
    private static string? Presented(HttpRequest request) => (request.Headers["x-api-key"], request.Headers.Authorization) switch
    {
        ([{ } key], []) => key,
        ([], [{ } authorization]) => BearerToken(authorization),
        _ => null,
    };

    private static string? BearerToken(string authorization) =>
        authorization.StartsWith(Scheme + " ", StringComparison.OrdinalIgnoreCase) ? authorization[(Scheme.Length + 1)..].Trim() : null;

    private Refusal Unauthorized(HttpContext context, string message)
    {
        LogUnauthorized(context.Connection.RemoteIpAddress?.ToString() ?? "unknown address", context.Request.Path, message);
        context.Response.Headers.WWWAuthenticate = Scheme;
        return new Refusal(StatusCodes.Status401Unauthorized, Refusal.RequestRefused, message);
    }

    [LoggerMessage(210, LogLevel.Information, "Refused a request from {Address} to {Path}: {Reason}")]
    private partial void LogUnauthorized(string address, string path, string reason);
}
