using System.Text.Json.Nodes;

namespace CodeExec.Tests.Support.Inference;

/// <summary>A model as tests script it: what it does next, from the question and what its tools have answered so far.</summary>
internal delegate AgentTurn AgentModel(string question, IReadOnlyList<string> answers);

/// <summary>What a model does next.</summary>
internal abstract record AgentTurn
{
    /// <summary>It answers, and is done.</summary>
    internal sealed record Says(string Text) : AgentTurn;

    /// <summary>It wants a tool called.</summary>
    internal sealed record Calls(string Tool, JsonObject Arguments) : AgentTurn;

    /// <summary>It fails.</summary>
    internal sealed record Fails(string Reason) : AgentTurn;

    /// <summary>The connection breaks.</summary>
    internal sealed record Breaks : AgentTurn;

    /// <summary>It never ends; only heartbeats come.</summary>
    internal sealed record Ponders : AgentTurn;
}
