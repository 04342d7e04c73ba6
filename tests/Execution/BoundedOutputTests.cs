using System.Text;
using CodeExec.Worker.Execution;

namespace CodeExec.Tests.Execution;

public sealed class BoundedOutputTests
{
    [Fact]
    public void However_it_arrives_the_same_bytes_give_the_same_text()
    {
        var random = new Random(20250101);
        for (var round = 0; round < 2000; round++)
        {
            var bytes = new byte[random.Next(0, 300)];
            random.NextBytes(bytes);
            var limit = random.Next(2, 120);
            var whole = new BoundedOutput(limit);
            whole.Append(bytes);
            var pieces = new BoundedOutput(limit);
            for (var at = 0; at < bytes.Length;)
            {
                var size = Math.Min(random.Next(1, 80), bytes.Length - at);
                pieces.Append(bytes.AsSpan(at, size));
                at += size;
            }
            Assert.Equal(whole.ToText(), pieces.ToText());
            Assert.Equal((whole.Total, whole.Omitted), (pieces.Total, pieces.Omitted));
            Assert.Equal(bytes.Length, whole.Total);
            if (bytes.Length <= limit) Assert.Equal(Encoding.UTF8.GetString(bytes), whole.ToText());
            else Assert.InRange(whole.Omitted, bytes.Length - limit, bytes.Length - limit + 6);
        }
    }

    [Fact]
    public void Head_and_tail_are_the_true_beginning_and_end()
    {
        var text = string.Concat(Enumerable.Range(0, 1000).Select(i => $"{i:0000}\n"));
        var output = new BoundedOutput(100);
        foreach (var line in text.Chunk(7)) output.Append(Encoding.UTF8.GetBytes(line));
        Assert.Equal($"{text[..50]}\n[... 4900 bytes left out ...]\n{text[^50..]}", output.ToText());
        Assert.Equal((5000, 4900), (output.Total, output.Omitted));
    }

    [Theory]
    [InlineData("aé€🐍z")]
    [InlineData("🐍🐍🐍🐍")]
    [InlineData("€uro €uro")]
    public void A_cut_is_never_inside_a_character(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        for (var at = 0; at <= bytes.Length; at++)
        {
            Assert.DoesNotContain('\uFFFD', Encoding.UTF8.GetString(bytes.AsSpan(0, Utf8Boundary.End(bytes.AsSpan(0, at)))));
            var rest = bytes.AsSpan(at);
            Assert.DoesNotContain('\uFFFD', Encoding.UTF8.GetString(rest[Utf8Boundary.Start(rest)..]));
            Assert.InRange(at - Utf8Boundary.End(bytes.AsSpan(0, at)), 0, 3);
        }
    }
}
