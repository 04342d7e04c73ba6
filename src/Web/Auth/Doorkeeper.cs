using Microsoft.AspNetCore.Authorization;

namespace CodeExec.Web.Auth;

/// <summary>Stands before every endpoint that isn't marked as open to all: first origin and host, then the API key. Any thread.</summary>
internal sealed class Doorkeeper(RequestDelegate next, OriginCheck origins, ApiKeyCheck keys)
{
    /// <summary>Lets one request pass, or answers it with the reason why not.</summary>
    public Task InvokeAsync(HttpContext context)
    {
        // A path that nothing is served under is answered with 404, key or no key: clients look for OAuth's well-known addresses first.
        if (context.GetEndpoint()?.Metadata is not { } endpoint || endpoint.GetMetadata<IAllowAnonymous>() is not null) return next(context);
        var refusal = origins.Check(context.Request) ?? keys.Check(context);
        return refusal is null ? next(context) : refusal.WriteAsync(context.Response);
    }
}
