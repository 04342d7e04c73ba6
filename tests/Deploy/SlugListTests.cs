using CodeExec.Tests.EndToEnd;

namespace CodeExec.Tests.Deploy;

/// <summary><c>.slugignore</c>, which is applied before the build: what the build needs must stay, and all else of the tests go.</summary>
public sealed class SlugListTests
{
    [Fact]
    public void It_names_every_folder_of_the_tests_and_no_project()
    {
        var ignored = File.ReadLines(Path.Combine(Checkout.Root, ".slugignore")).ToHashSet(StringComparer.Ordinal);
        var folders = Directory.EnumerateDirectories(Path.Combine(Checkout.Root, "tests")).Select(folder => Path.GetFileName(folder)!).Where(name => name is not ("bin" or "obj"));
        Assert.All(folders, name => Assert.Contains($"/tests/{name}", ignored));
        // The solution names every project, and the build fails without one.
        Assert.All(ignored.Where(path => Directory.Exists($"{Checkout.Root}{path}")), path => Assert.Empty(Directory.EnumerateFiles($"{Checkout.Root}{path}", "*.csproj")));
    }
}
