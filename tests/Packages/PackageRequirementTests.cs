using CodeExec.Shared.Packages;
using CodeExec.Tests.Support;

namespace CodeExec.Tests.Packages;

public sealed class PackageRequirementTests
{
    private static readonly string[] Good =
    [
        "numpy", "NumPy", "zope.interface", "Foo__Bar--baz", "a", "a1", "requests[socks]", "requests [ socks , security ]", "requests[]", "pandas>=2", "pandas >= 2, < 3",
        "pandas (>=2,<3)", "x==1.0.*", "x~=1.4.2", "x===1.0+local", "x!=1!2.0", "x>1.0a1", "x==1.0.post1", "x==1.0_1", "x>=1; python_version >= '3.9'",
        "x; sys_platform == \"linux\" and (python_version < '4' or extra == 'a')", "x[a]==1;os_name!='nt'", "  x  ",
    ];

    [Fact]
    public async Task Everything_that_is_accepted_means_the_same_to_pip()
    {
        await using var service = new TestService();
        var pairs = Good.Select(text => $"({WheelFolder.Python(text)}, {WheelFolder.Python(Jobs.Requirement(text).Text)}, {WheelFolder.Python(Jobs.Requirement(text).Name)})");
        var result = await service.RunAsync($"""
            from pip._vendor.packaging.requirements import Requirement
            from pip._vendor.packaging.utils import canonicalize_name
            for wrote, read, name in [{string.Join(", ", pairs)}]:
                one, other = Requirement(wrote.strip()), Requirement(read)
                assert canonicalize_name(one.name) == canonicalize_name(other.name) == name, (wrote, read, name)
                assert (sorted(one.extras), str(one.specifier), str(one.marker)) == (sorted(other.extras), str(other.specifier), str(other.marker)), (wrote, read)
            print('same')
            """);
        Assert.Equal("same\n", result.Stdout + result.Stderr);
    }

    [Theory]
    [InlineData("NumPy", "numpy")]
    [InlineData("pandas < 3 , >= 2", "pandas>=2,<3")]
    [InlineData("requests[B,a, b]", "requests[a,b]")]
    [InlineData("Foo._-Bar", "foo-bar")]
    [InlineData("x ;python_version>='3'", "x; python_version>='3'")]
    public void The_same_wish_is_the_same_text(string one, string other) => Assert.Equal(Jobs.Requirement(other), Jobs.Requirement(one));

    [Theory]
    [InlineData("--index-url=https://evil.example", "option")]
    [InlineData("-r x", "option")]
    [InlineData("-e .", "option")]
    [InlineData(" --pre", "option")]
    [InlineData("https://example.com/x.whl", "URL")]
    [InlineData("file:///etc/passwd", "URL")]
    [InlineData("FILE:x", "URL")]
    [InlineData("x @ https://example.com/x.whl", "URL")]
    [InlineData("x@file:x", "URL")]
    [InlineData("x[a]@y", "URL")]
    [InlineData("git+https://example.com/x", "version-control")]
    [InlineData("GIT+ssh://example.com/x", "version-control")]
    [InlineData("hg+file:/x", "version-control")]
    [InlineData(".", "path")]
    [InlineData("./x", "path")]
    [InlineData("../x", "path")]
    [InlineData("/x", "path")]
    [InlineData("~/x", "path")]
    [InlineData("x/y", "path")]
    [InlineData("x\\y", "path")]
    [InlineData("x-1.0-py3-none-any.whl", "path")]
    [InlineData("x-1.0.tar.gz", "path")]
    [InlineData("x.ZIP", "path")]
    [InlineData("x y", "not a package requirement")]
    [InlineData("x\ny", "not a package requirement")]
    [InlineData("x --pre", "not a package requirement")]
    [InlineData("x==1 --hash=sha256:0", "not a package requirement")]
    [InlineData("x;python_version>'3'\n--pre", "not a package requirement")]
    [InlineData("x==", "not a package requirement")]
    [InlineData("x>=1<2", "not a package requirement")]
    [InlineData("(x)", "not a package requirement")]
    [InlineData("x[a", "not a package requirement")]
    [InlineData("x-", "not a package requirement")]
    [InlineData("_x", "not a package requirement")]
    [InlineData("ñumpy", "not a package requirement")]
    [InlineData("x; $(touch y)", "not a package requirement")]
    [InlineData("x; a == '${HOME}'", "not a package requirement")]
    [InlineData("x # comment", "not a package requirement")]
    [InlineData("x\0", "not a package requirement")]
    [InlineData("", "empty")]
    [InlineData(" \t", "empty")]
    public void What_pip_could_mistake_for_something_else_is_refused(string text, string words)
    {
        var fault = PackageRequirement.TryParse(text, out var requirement);
        Assert.Contains(words, fault, StringComparison.Ordinal);
        Assert.Null(requirement);
    }

    [Fact]
    public void A_very_long_requirement_is_refused_with_the_limit()
    {
        Assert.Contains("501 characters, the limit is 500", PackageRequirement.TryParse(new string('x', 501), out _), StringComparison.Ordinal);
        Assert.Null(PackageRequirement.TryParse(new string('x', 500), out _));
    }

    [Fact]
    public void No_text_takes_long_to_refuse()
    {
        // The grammar's own time limit would throw.
        foreach (var text in new[] { new string('a', 499) + "!", "x" + string.Concat(Enumerable.Repeat(">=1,", 120)) + "!", "x[" + string.Concat(Enumerable.Repeat("a, ", 160)) + "!", "x" + new string(' ', 490) + "!", "x;" + new string('(', 490) + "{" })
            Assert.NotNull(PackageRequirement.TryParse(text, out _));
    }
}
