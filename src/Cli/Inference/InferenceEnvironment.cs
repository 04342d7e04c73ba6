using CodeExec.Shared.Settings;

namespace CodeExec.Cli.Inference;

/// <summary>Where Heroku's Inference service is, as an attached model sets it: from the environment, or the working directory's <c>.env</c> file.</summary>
/// <param name="Url">INFERENCE_URL.</param>
/// <param name="Key">INFERENCE_KEY. A secret.</param>
/// <param name="Model">INFERENCE_MODEL_ID; null when not set.</param>
public sealed record InferenceEnvironment(Uri Url, string Key, string? Model)
{
    /// <summary>Reads this process's environment; it wins over the file.</summary>
    /// <exception cref="SettingsException">The URL or the key is missing, or can't be used.</exception>
    public static InferenceEnvironment Read()
    {
        var variables = ProcessEnvironment.Read();
        var faults = new List<string>();
        var url = Required("INFERENCE_URL", variables, faults);
        var key = Required("INFERENCE_KEY", variables, faults);
        Uri? address = null;
        if (url is not null && (!Uri.TryCreate(url.TrimEnd('/') + "/", UriKind.Absolute, out address) || address.Scheme is not ("http" or "https")))
            faults.Add($"INFERENCE_URL is \"{url}\"; it must be an address such as https://us.inference.heroku.com.");
        else if (address is { Scheme: "http", IsLoopback: false })
            faults.Add($"INFERENCE_URL is \"{url}\", which would carry INFERENCE_KEY unencrypted. It must begin with https://, except on this machine.");
        if (key?.Any(letter => letter is < '!' or > '~') is true)
            faults.Add($"INFERENCE_KEY holds characters that no key has, {key.Length} in all. Copy it again, without quotes and blanks.");
        if (faults.Count > 0) throw new SettingsException(faults);
        return new InferenceEnvironment(address!, key!, Text("INFERENCE_MODEL_ID", variables));
    }

    /// <summary>Everything but the key.</summary>
    public override string ToString() => $"{Url}, model {Model ?? "not set"}";

    private static string? Required(string name, IReadOnlyDictionary<string, string> variables, List<string> faults)
    {
        var text = Text(name, variables);
        if (text is null)
            faults.Add($"{name} is not set. Attach a model (heroku ai:models:create MODEL -a $APP_NAME), then: export {name}=$(heroku config:get {name} -a $APP_NAME)");
        return text;
    }

    private static string? Text(string name, IReadOnlyDictionary<string, string> variables) =>
        variables.TryGetValue(name, out var text) && text.Trim().Length > 0 ? text.Trim() : null;
}
