using CodeExec.Shared.Running;
using CodeExec.Tests.Support;

namespace CodeExec.Tests.Execution;

/// <summary>Memory goes back to the host when a busy process has become quiet, and only then.</summary>
public sealed class IdleMemoryTests : IAsyncDisposable
{
    private readonly ManualTime _time = new();
    private readonly IdleMemory _memory;
    private long _allocated;
    private int _givenBack;
    private int _looks;

    public IdleMemoryTests() => _memory = new IdleMemory(_time, () => _allocated, () => _givenBack++);

    public ValueTask DisposeAsync() => _memory.DisposeAsync();

    [Fact]
    public async Task It_is_given_back_some_times_when_calls_stop()
    {
        await AllocateAsync(IdleMemory.BusyBytes);
        Assert.Equal(0, _givenBack);
        await AllocateAsync(0);
        Assert.Equal(1, _givenBack);
        await AllocateAsync(IdleMemory.QuietBytes);
        Assert.Equal(1, _givenBack);
        for (var i = 0; i < 2 * IdleMemory.Collections; i++) await AllocateAsync(1000);
        Assert.Equal(IdleMemory.Collections, _givenBack);
    }

    [Fact]
    public async Task It_stays_while_calls_are_made()
    {
        for (var i = 0; i < 20; i++) await AllocateAsync(IdleMemory.QuietBytes);
        Assert.Equal(0, _givenBack);
    }

    [Fact]
    public async Task A_few_calls_are_not_worth_it()
    {
        await AllocateAsync(IdleMemory.BusyBytes - 1);
        await AllocateAsync(0);
        Assert.Equal(0, _givenBack);
    }

    private async Task AllocateAsync(long bytes)
    {
        _allocated += bytes;
        await _time.PassAsync(IdleMemory.Interval);
        // This look is over when the next is waited for.
        await _time.ArmedAsync(IdleMemory.Interval, ++_looks + 1);
    }
}
