using System.Globalization;
using CodeExec.Worker.Packages;

namespace CodeExec.Tests.Packages;

public sealed class RememberedAnswersTests
{
    [Fact]
    public void However_many_questions_are_asked_the_newest_answers_are_kept_and_no_more()
    {
        var answers = new RememberedAnswers(3);
        for (var i = 0; i < 10; i++) Assert.Equal(i % 2 == 0, answers.Keep(i.ToString(CultureInfo.InvariantCulture), i % 2 == 0));
        Assert.Equal([null, null, false, true, false], Enumerable.Range(5, 5).Select(i => answers[i.ToString(CultureInfo.InvariantCulture)]));
    }

    [Fact]
    public void An_answer_that_is_given_again_replaces_the_first()
    {
        var answers = new RememberedAnswers(2);
        foreach (var answer in new[] { true, false, true, false }) answers.Keep("kettle", answer);
        answers.Keep("teapot", true);
        Assert.Equal((false, true), (answers["kettle"], answers["teapot"]));
    }
}
