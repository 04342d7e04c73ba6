using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace CodeExec.Tests.Conformance;

/// <summary>The resources that the suite lists, reads and subscribes to.</summary>
internal static class FixtureResources
{
    private const string TemplateStart = "test://template/";
    private const string TemplateEnd = "/data";

    private static readonly Resource[] Resources =
    [
        new() { Uri = "test://static-text", Name = "static-text", Description = "Text that never changes.", MimeType = "text/plain" },
        new() { Uri = "test://static-binary", Name = "static-binary", Description = "An image that never changes.", MimeType = "image/png" },
        new() { Uri = "test://watched-resource", Name = "watched-resource", Description = "Text to subscribe to.", MimeType = "text/plain" },
    ];

    private static readonly ResourceTemplate Template = new() { UriTemplate = $"{TemplateStart}{{id}}{TemplateEnd}", Name = "template", Description = "Data by id.", MimeType = "application/json" };

    private static TimeSpan TimeToLive => TimeSpan.FromMinutes(1);

    public static void AddTo(McpServerHandlers handlers)
    {
        handlers.ListResourcesHandler = (_, _) => ValueTask.FromResult(new ListResourcesResult { Resources = [.. Resources], TimeToLive = TimeToLive, CacheScope = CacheScope.Public });
        handlers.ListResourceTemplatesHandler = (_, _) =>
            ValueTask.FromResult(new ListResourceTemplatesResult { ResourceTemplates = [Template], TimeToLive = TimeToLive, CacheScope = CacheScope.Public });
        handlers.ReadResourceHandler = (request, _) =>
            ValueTask.FromResult(new ReadResourceResult { Contents = [Read(request, request.Params!.Uri)], TimeToLive = TimeToLive, CacheScope = CacheScope.Public });
        handlers.SubscribeToResourcesHandler = (_, _) => ValueTask.FromResult(new EmptyResult());
        handlers.UnsubscribeFromResourcesHandler = (_, _) => ValueTask.FromResult(new EmptyResult());
    }

    private static ResourceContents Read(RequestContext<ReadResourceRequestParams> request, string uri) => uri switch
    {
        "test://static-text" => new TextResourceContents { Uri = uri, MimeType = "text/plain", Text = "This is the content of the static text resource." },
        "test://static-binary" => FixtureContent.Blob(uri),
        "test://watched-resource" => new TextResourceContents { Uri = uri, MimeType = "text/plain", Text = "Watched." },
        _ when uri.StartsWith(TemplateStart, StringComparison.Ordinal) && uri.EndsWith(TemplateEnd, StringComparison.Ordinal) =>
            new TextResourceContents { Uri = uri, MimeType = "application/json", Text = Data(uri[TemplateStart.Length..^TemplateEnd.Length]) },
        _ => throw NotFound(request, uri),
    };

    private static string Data(string id) => $$"""{"id":"{{id}}","templateTest":true,"data":"Data for ID: {{id}}"}""";

    // Revision 2026-07-28 has no code of its own for it any more.
    private static McpProtocolException NotFound(RequestContext<ReadResourceRequestParams> request, string uri)
    {
        var code = request.JsonRpcRequest.Context?.ProtocolVersion == "2026-07-28" ? McpErrorCode.InvalidParams : McpErrorCode.ResourceNotFound;
        return new McpProtocolException($"There is no resource {uri}.", code) { Data = { ["uri"] = uri } };
    }
}
