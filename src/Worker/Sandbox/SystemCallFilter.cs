using System.Buffers.Binary;
using CodeExec.Shared.Settings;

namespace CodeExec.Worker.Sandbox;

/// <summary>
/// The program that the kernel runs before each system call of a confined process (seccomp(2), in classic BPF): 0 to 60 ns a call. Made once.
/// </summary>
internal sealed class SystemCallFilter
{
    private const ushort Load = 0x20, JumpIfEqual = 0x15, JumpIfAtLeast = 0x35, JumpIfAnySet = 0x45, And = 0x54, Return = 0x06;
    private const uint Allowed = 0x7FFF0000, Forbidden = 0x00050001, Missing = 0x00050026;

    // struct seccomp_data: nr, arch, instruction pointer, then the arguments, 8 bytes each, low half first on both architectures.
    private const uint Number = 0, Architecture = 4, FirstArgument = 16, SecondArgument = 24;

    private const uint NewNamespaces = 0x7E020000;
    private const uint PushToTerminal = 0x5412;
    private const uint Internet = 2, InternetV6 = 10;
    private const uint TypeMask = 0xF, RawPackets = 3;

    private readonly List<byte> _code = [];

    private SystemCallFilter()
    {
    }

    /// <summary>Writes one as hexadecimal digits, for python/confine.py; null where the architecture's calls aren't known.</summary>
    /// <param name="worker">The process that it must not signal.</param>
    /// <param name="network">Without it there are no sockets but pairs.</param>
    public static string? Write(int worker, NetworkAccess network) => DeniedCalls.OfThisMachine is { } calls ? new SystemCallFilter().Write(calls, worker, network) : null;

    private string Write(DeniedCalls calls, int worker, NetworkAccess network)
    {
        // Another architecture's numbers would mean other calls.
        Add(Load, Architecture);
        Add(JumpIfEqual, calls.Architecture, then: 1);
        Add(Return, Forbidden);
        Add(Load, Number);
        if (calls.HasX32) Answer(JumpIfAtLeast, 0x40000000, Forbidden);
        foreach (var call in calls.AsMissing) Answer(JumpIfEqual, (uint)call, Missing);
        foreach (var call in calls.Always) Answer(JumpIfEqual, (uint)call, Forbidden);
        On(calls.NewProcess, FirstArgument, filter => filter.Answer(JumpIfAnySet, NewNamespaces, Forbidden));
        On(calls.DeviceControl, SecondArgument, filter => filter.Answer(JumpIfEqual, PushToTerminal, Forbidden));
        foreach (var call in calls.FirstMustBeSelf) On(call, FirstArgument, filter => filter.AllowOnly(0));
        foreach (var call in calls.SecondMustBeSelf) On(call, SecondArgument, filter => filter.AllowOnly(0));
        foreach (var call in calls.Signals)
            On(call, FirstArgument, filter =>
            {
                filter.Answer(JumpIfEqual, (uint)worker, Forbidden);
                filter.Answer(JumpIfEqual, unchecked((uint)-worker), Forbidden);
                filter.Answer(JumpIfEqual, uint.MaxValue, Forbidden);
            });
        if (network is NetworkAccess.Off) Answer(JumpIfEqual, (uint)calls.Socket, Forbidden);
        else
        {
            On(calls.Socket, FirstArgument, filter => filter.AllowOnly(Internet, InternetV6));
            On(calls.Socket, SecondArgument, filter =>
            {
                filter.Add(And, TypeMask);
                filter.Answer(JumpIfEqual, RawPackets, Forbidden);
            });
        }
        Add(Return, Allowed);
        return Convert.ToHexStringLower([.. _code]);
    }

    // What the block looks at is the argument; behind it the number is there again.
    private void On(int call, uint argument, Action<SystemCallFilter> block)
    {
        var inner = new SystemCallFilter();
        inner.Add(Load, argument);
        block(inner);
        inner.Add(Load, Number);
        Add(JumpIfEqual, (uint)call, otherwise: (byte)(inner._code.Count / 8));
        _code.AddRange(inner._code);
    }

    private void Answer(ushort jump, uint value, uint answer)
    {
        Add(jump, value, otherwise: 1);
        Add(Return, answer);
    }

    private void AllowOnly(params ReadOnlySpan<uint> values)
    {
        for (var i = 0; i < values.Length; i++) Add(JumpIfEqual, values[i], then: (byte)(values.Length - i));
        Add(Return, Forbidden);
    }

    // struct sock_filter: code, how far to jump if it holds, how far if not, value.
    private void Add(ushort operation, uint value, byte then = 0, byte otherwise = 0)
    {
        Span<byte> instruction = stackalloc byte[8];
        BinaryPrimitives.WriteUInt16LittleEndian(instruction, operation);
        (instruction[2], instruction[3]) = (then, otherwise);
        BinaryPrimitives.WriteUInt32LittleEndian(instruction[4..], value);
        _code.AddRange(instruction);
    }
}
