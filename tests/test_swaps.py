from __future__ import annotations

from qa_eval.examples import SourceText
from qa_eval.public import PublicQuestion, PublicSet
from qa_eval.swaps import cut_out, swapped

MILLS = "The mill of Oakdale was built by Anna Berg in 1871. Otto Lang rebuilt it in 1902, Ashford in 1911."


def asked(question: str, *answers: str, answerable: bool = True) -> PublicQuestion:
    gold = ("d",) if answerable else ()
    return PublicQuestion("q", question, answerable, answers, gold, None, "Mills", "Mills", (), {})


def swaps(*questions: PublicQuestion, text: str = MILLS) -> list[PublicQuestion]:
    return list(swapped(PublicSet("s", (SourceText("d", "Mills", text),), questions)))


def test_one_name_becomes_another_of_the_article_and_the_question_unanswerable() -> None:
    question = asked("When did Otto Lang rebuild it?", "1902")
    (swap,) = swaps(question)
    assert not swap.answerable
    assert (swap.source, swap.gold) == (question.source, question.gold)
    assert swap.question in {f"When did {name} rebuild it?" for name in ("Oakdale", "Anna Berg", "Ashford")}
    assert swaps(question) == [swap]


def test_a_year_becomes_another_year() -> None:
    (swap,) = swaps(asked("Who rebuilt it in 1902?", "Otto Lang"), text=f"{MILLS} It burnt down in 1950.")
    assert swap.question in {f"Who rebuilt it in {year}?" for year in (1871, 1911, 1950)}


def test_the_answer_is_never_put_in() -> None:
    found = {swaps(asked(f"Who met Otto Lang{' ' * n}?", "Anna Berg"))[0].question for n in range(8)}
    assert not any("Anna Berg" in question for question in found)


def test_questions_without_an_answer_or_without_a_name_are_left_out() -> None:
    assert swaps(asked("When was it built?", "1871"), asked("Who is Otto Lang?", answerable=False)) == []
    assert swaps(asked("Oakdale has what?", "a mill")) == []


def test_the_sentences_that_answer_are_cut_out_of_a_document_of_its_own() -> None:
    data = PublicSet(
        "s", (SourceText("d", "Mills", f"{MILLS} 1871 was wet."),), (asked("When was it built?", "1871"),)
    )
    [(question, document)] = cut_out(data)
    assert not question.answerable
    assert (document.title, document.text) == ("Mills", "Otto Lang rebuilt it in 1902, Ashford in 1911.")
    assert document.id != "d"


def test_a_document_that_only_answers_or_does_not_is_not_cut() -> None:
    only = SourceText("d", "Mills", "It was built in 1871.")
    assert not [*cut_out(PublicSet("s", (only,), (asked("When was it built?", "1871"),)))]
    assert not [*cut_out(PublicSet("s", (only,), (asked("Who built it?", "Anna Berg"),)))]
