using System.Reflection;
using CodeExec.Shared.Queue;

namespace CodeExec.Tests.Queue;

/// <summary>The seam between the service and its queue: a second engine must be able to take the first one's place.</summary>
public sealed class EngineBoundaryTests
{
    private const BindingFlags Anything = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    [Fact]
    public void No_type_of_the_redis_client_shows_outside_the_engine()
    {
        var leaks =
            from type in typeof(IJobSender).Assembly.GetTypes()
            where type.Namespace?.StartsWith("CodeExec.Shared.Engines", StringComparison.Ordinal) != true
            from used in SignatureTypes(type)
            where used.Assembly.GetName().Name!.StartsWith("StackExchange.Redis", StringComparison.Ordinal)
            select $"{type.FullName} uses {used.FullName}";
        Assert.Empty(leaks);
    }

    [Fact]
    public void What_the_engine_shows_to_others_holds_no_type_of_the_redis_client()
    {
        var shown = typeof(IJobSender).Assembly.GetExportedTypes().Where(type => type.Namespace!.StartsWith("CodeExec.Shared.Engines", StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(shown);
        var leaks =
            from type in shown
            from used in SignatureTypes(type, BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static)
            where used.Assembly.GetName().Name!.StartsWith("StackExchange.Redis", StringComparison.Ordinal)
            select $"{type.FullName} shows {used.FullName}";
        Assert.Empty(leaks);
    }

    [Fact]
    public void A_leak_would_be_seen() =>
        Assert.Contains(
            typeof(IJobSender).Assembly.GetTypes().Where(type => type.Namespace == "CodeExec.Shared.Engines.Redis").SelectMany(type => SignatureTypes(type)),
            used => used.Assembly.GetName().Name!.StartsWith("StackExchange.Redis", StringComparison.Ordinal));

    private static IEnumerable<Type> SignatureTypes(Type type, BindingFlags which = Anything)
    {
        var named = new List<Type?> { type.BaseType };
        named.AddRange(type.GetInterfaces());
        named.AddRange(type.GetFields(which).Select(field => field.FieldType));
        named.AddRange(type.GetProperties(which).Select(property => property.PropertyType));
        foreach (var constructor in type.GetConstructors(which)) named.AddRange(constructor.GetParameters().Select(parameter => parameter.ParameterType));
        foreach (var method in type.GetMethods(which)) named.AddRange([method.ReturnType, .. method.GetParameters().Select(parameter => parameter.ParameterType)]);
        return named.OfType<Type>().SelectMany(Parts).Distinct();
    }

    // Task<RedisResult[]> is made of Task and RedisResult.
    private static IEnumerable<Type> Parts(Type type)
    {
        if (type.HasElementType) return Parts(type.GetElementType()!);
        return type.IsConstructedGenericType ? type.GetGenericArguments().SelectMany(Parts).Append(type.GetGenericTypeDefinition()) : [type];
    }
}
