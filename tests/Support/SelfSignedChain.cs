using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace CodeExec.Tests.Support;

/// <summary>A certificate for 127.0.0.1, signed by an authority that nobody knows, as PEM files: what Heroku's Redis shows.</summary>
internal sealed class SelfSignedChain
{
    private readonly string _folder;

    private SelfSignedChain(string folder) => _folder = folder;

    /// <summary>What a redis-server that speaks TLS on a port, and nothing else, is started with.</summary>
    public string[] RedisOptions(int port) =>
    [
        "--port", "0", "--tls-port", $"{port}", "--tls-auth-clients", "no",
        "--tls-cert-file", PathOf("server.pem"), "--tls-key-file", PathOf("server-key.pem"), "--tls-ca-cert-file", PathOf("authority.pem"),
    ];

    public static SelfSignedChain Create(string folder)
    {
        var chain = new SelfSignedChain(folder);
        var (from, to) = (DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        using var authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var authorityRequest = new CertificateRequest("CN=An unknown authority", authorityKey, HashAlgorithmName.SHA256);
        authorityRequest.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        using var authority = authorityRequest.CreateSelfSigned(from, to);
        using var serverKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var serverRequest = new CertificateRequest("CN=127.0.0.1", serverKey, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        serverRequest.CertificateExtensions.Add(names.Build());
        using var server = serverRequest.Create(authority, from, to, [1]);
        File.WriteAllText(chain.PathOf("authority.pem"), authority.ExportCertificatePem());
        File.WriteAllText(chain.PathOf("server.pem"), server.ExportCertificatePem());
        File.WriteAllText(chain.PathOf("server-key.pem"), serverKey.ExportPkcs8PrivateKeyPem());
        return chain;
    }

    private string PathOf(string name) => Path.Combine(_folder, name);
}
