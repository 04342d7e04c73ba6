using CodeExec.Worker.Sandbox;

namespace CodeExec.Web.Health;

/// <summary>How busy the service is, as far as this process knows: what doesn't apply in its mode is null.</summary>
public sealed record ServiceLoad
{
    /// <summary>Jobs that run in this process.</summary>
    public int? Running { get; init; }

    /// <summary>Jobs that wait for a slot of this process.</summary>
    public int? Waiting { get; init; }

    /// <summary>Jobs that may run at once in this process.</summary>
    public int? Slots { get; init; }

    /// <summary>Jobs of this process in the queue or on workers.</summary>
    public int? UnderWay { get; init; }

    /// <summary>The layers that confine code in this process.</summary>
    public IReadOnlyList<LayerFinding>? Sandbox { get; init; }

    /// <summary>Whether the queue can be reached.</summary>
    public bool? QueueConnected { get; init; }
}
