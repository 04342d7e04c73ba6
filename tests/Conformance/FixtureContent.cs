using ModelContextProtocol.Protocol;

namespace CodeExec.Tests.Conformance;

/// <summary>The smallest image and sound there are, and short ways to write content.</summary>
internal static class FixtureContent
{
    private static readonly byte[] RedPixel =
        Convert.FromBase64String("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==");

    // A WAVE header without samples.
    private static readonly byte[] Silence = Convert.FromBase64String("UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA=");

    public static ImageContentBlock Image => ImageContentBlock.FromBytes(RedPixel, "image/png");

    public static AudioContentBlock Audio => AudioContentBlock.FromBytes(Silence, "audio/wav");

    public static BlobResourceContents Blob(string uri) => BlobResourceContents.FromBytes(RedPixel, uri, "image/png");

    public static TextContentBlock Text(string text) => new() { Text = text };

    public static EmbeddedResourceBlock Resource(string uri, string mimeType, string text) =>
        new() { Resource = new TextResourceContents { Uri = uri, MimeType = mimeType, Text = text } };

    public static CallToolResult Answer(params ContentBlock[] content) => new() { Content = [.. content] };
}
