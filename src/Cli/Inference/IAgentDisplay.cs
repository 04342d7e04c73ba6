namespace CodeExec.Cli.Inference;

/// <summary>How an agent's work is shown. Called in the order of what happens, by one thread at a time.</summary>
public interface IAgentDisplay
{
    /// <summary>Shows one event.</summary>
    /// <exception cref="IOException">Nobody reads any more.</exception>
    Task ShowAsync(AgentEvent happened);
}
