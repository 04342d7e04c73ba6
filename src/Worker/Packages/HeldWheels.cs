namespace CodeExec.Worker.Packages;

/// <summary>The wheels of one set, all in use until this is disposed. One thread.</summary>
internal sealed class HeldWheels : IDisposable
{
    private readonly List<StoredWheel> _wheels = [];

    /// <summary>The wheels.</summary>
    public IReadOnlyList<StoredWheel> All => _wheels;

    /// <summary>Takes over a wheel.</summary>
    public void Add(StoredWheel wheel) => _wheels.Add(wheel);

    /// <inheritdoc/>
    public void Dispose() => _wheels.ForEach(wheel => wheel.Dispose());
}
