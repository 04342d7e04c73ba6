using CodeExec.Worker.Sandbox;

namespace CodeExec.Tests.Sandbox;

/// <summary>
/// What hostile code tries, it doesn't get, and who comes after it notices nothing. On a host without Landlock 6 much of it gets through, as
/// SECURITY.md says: there is nothing to promise there.
/// </summary>
public abstract class AttackTests(BesiegedWorker worker)
{
    private static readonly bool HostHasAll = LandlockRuleset.Version >= 6 && DeniedCalls.OfThisMachine is not null;

    public static TheoryData<string, string> Attacks
    {
        get
        {
            var attacks = new TheoryData<string, string>();
            foreach (var file in new[] { "secrets", "neighbours", "trickery" })
                foreach (var name in HostileProgram.Names(file)) attacks.Add(file, name);
            return attacks;
        }
    }

    [Theory]
    [MemberData(nameof(Attacks))]
    public async Task An_attack_gets_nowhere(string file, string name)
    {
        if (!HostHasAll) return;
        var (_, all) = await worker.CallAsync(HostileProgram.Code(file, name, worker.Words));
        Assert.DoesNotContain(HostileProgram.Reached, all, StringComparison.Ordinal);
        Assert.DoesNotContain(HostileProgram.Secret, all, StringComparison.Ordinal);
        await worker.CheckAsync();
    }
}

/// <summary>Against jobs that are forked.</summary>
public sealed class AttacksFromForks(ForkingWorker worker) : AttackTests(worker), IClassFixture<ForkingWorker>;

/// <summary>Against jobs in interpreters of their own.</summary>
public sealed class AttacksFromInterpreters(StartingWorker worker) : AttackTests(worker), IClassFixture<StartingWorker>;

/// <summary>Against a worker that isn't root.</summary>
public sealed class AttacksFromForksOfNobody(ForkingWorkerOfNobody worker) : AttackTests(worker), IClassFixture<ForkingWorkerOfNobody>;

/// <summary>The same without a fork server.</summary>
public sealed class AttacksFromInterpretersOfNobody(StartingWorkerOfNobody worker) : AttackTests(worker), IClassFixture<StartingWorkerOfNobody>;
