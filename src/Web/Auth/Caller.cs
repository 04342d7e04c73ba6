namespace CodeExec.Web.Auth;

/// <summary>Who sends a request: the name of the API key it came with. Immutable.</summary>
/// <param name="Name">The key's name; <see cref="Anonymous"/> where no keys are configured.</param>
internal sealed record Caller(string Name)
{
    /// <summary>Everybody, where no keys are configured.</summary>
    public const string Anonymous = "anonymous";

    /// <summary>The caller that <see cref="ApiKeyCheck"/> let in.</summary>
    public static string Of(HttpContext context) => context.Features.Get<Caller>()!.Name;
}
