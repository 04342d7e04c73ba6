using System.Text;
using CodeExec.Worker.Forking;

namespace CodeExec.Tests.Forking;

public sealed class ImportedNamesTests
{
    private static readonly HashSet<string> Standard = new(StringComparer.Ordinal) { "os", "sys", "json" };

    [Theory]
    [InlineData("import numpy", "numpy")]
    [InlineData("import numpy as np, pandas.core as core", "numpy,pandas.core")]
    [InlineData("from numpy import array", "numpy,numpy.array")]
    [InlineData("from scipy.linalg import (inv, det as d)", "scipy.linalg,scipy.linalg.det,scipy.linalg.inv")]
    [InlineData("from numpy import *", "numpy")]
    [InlineData("import os, sys, json.decoder, numpy", "numpy")]
    [InlineData("from os import path", "")]
    [InlineData("    import numpy  # why", "numpy")]
    [InlineData("\timport numpy; import pandas", "numpy")]
    [InlineData("import numpy;x = 1", "numpy")]
    [InlineData("from . import own", "")]
    [InlineData("from .own import part", "")]
    [InlineData("from .. import own", "")]
    [InlineData("importlib.import_module('numpy')", "")]
    [InlineData("important = 1", "")]
    [InlineData("print('import numpy')", "")]
    [InlineData("import 1numpy, a-b, --option, 'x'", "")]
    [InlineData("import a.b.c.d.e", "")]
    [InlineData("import numpy\rimport pandas\r\nimport scipy", "numpy,pandas,scipy")]
    [InlineData("from import x", "")]
    [InlineData("import", "")]
    [InlineData("import ", "")]
    [InlineData("", "")]
    public void Import_statements_tell_their_modules(string code, string names) =>
        Assert.Equal(names, string.Join(',', ImportedNames.In(code, Standard).Order(StringComparer.Ordinal)));

    [Fact]
    public void When_there_is_no_place_for_more_the_newest_stay()
    {
        var known = Enumerable.Range(0, 100).Select(i => $"old{i}").ToHashSet(StringComparer.Ordinal);
        var next = ImportedNames.Newest(new HashSet<string>(StringComparer.Ordinal) { "numpy", "old7" }, known);
        Assert.Equal(100, next.Count);
        Assert.Superset(new HashSet<string>(StringComparer.Ordinal) { "numpy", "old0", "old7", "old98" }, next);
        Assert.Contains("pandas", ImportedNames.Newest(new HashSet<string>(StringComparer.Ordinal) { "pandas" }, next));
        Assert.Contains("numpy", ImportedNames.Newest(new HashSet<string>(StringComparer.Ordinal) { "pandas" }, next));
    }

    [Fact]
    public void Code_with_a_million_imports_tells_a_hundred_or_so()
    {
        var code = new StringBuilder();
        for (var i = 0; code.Length < 1 << 20; i++) code.Append("import module").Append(i).Append('\n');
        Assert.InRange(ImportedNames.In(code.ToString(), Standard).Count, 1, 100);
    }

    [Fact]
    public void One_line_of_many_imports_tells_a_hundred_or_so() =>
        Assert.InRange(ImportedNames.In("import " + string.Join(", ", Enumerable.Range(0, 100_000).Select(i => $"module{i}")), Standard).Count, 1, 100);
}
