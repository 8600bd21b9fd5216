"""Near misses made from answerable questions: a name or a date swapped, or the sentence that answers cut out.

"When was the mill of Oakdale built?" becomes "When was the mill of Ashford built?", with a name that the
same set of documents has, most often in the same article. The words and the topic stay, and what is asked
is nowhere said. SQuAD 2.0's crowd workers made part of its unanswerable questions so (Rajpurkar et al. 2018,
"Know What You Don't Know", table 2: entity swap); made by rule there are as many for any set.
Where the sentences that answer are cut out of their document, the topic and the names stay, and the fact
is absent.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

from qa.language.text import sentence_spans
from qa.language.values import Value, values
from qa_eval.examples import SourceText
from qa_eval.public import PublicQuestion, PublicSet, says_answer

_NAME = re.compile(r"[A-ZÀ-Þ][\w-]+(?: [A-ZÀ-Þ][\w-]+)*|\d{4}")
_FEWEST = 3
"""Where an article has fewer values of a kind, those of all articles are drawn from."""


def swapped(data: PublicSet) -> Iterator[PublicQuestion]:
    """The set's answerable questions with one value swapped; those without a name or a year are left out."""
    chance = random.Random(0)
    by_title: dict[tuple[str, str], set[str]] = defaultdict(set)
    of_all: dict[str, set[str]] = defaultdict(set)
    titles = {}
    for document in data.documents:
        titles[document.id] = document.title
        for value in _swappable(document.text):
            by_title[document.title, value.kind].add(value.text)
            of_all[value.kind].add(value.text)
    for one in data.questions:
        # A question's first word is written with a capital whatever it is.
        found = [value for value in _swappable(one.question) if value.start > 0]
        if not one.answerable or not one.gold or not found:
            continue
        value = chance.choice(found)
        others = _others(by_title[titles[one.gold[0]], value.kind], value, one)
        if len(others) < _FEWEST:
            others = _others(of_all[value.kind], value, one)
        if others:
            question = one.question[: value.start] + chance.choice(others) + one.question[value.end :]
            yield replace(one, question=question, answerable=False)


def _swappable(text: str) -> list[Value]:
    return [v for v in values(text) if v.kind in ("name", "date") and _NAME.fullmatch(v.text)]


def _others(known: set[str], value: Value, one: PublicQuestion) -> list[str]:
    """Values that are neither in the question nor in its answers, in a fixed order."""
    told = " ".join((one.question, *one.answers)).lower()
    return [other for other in sorted(known) if other.lower() not in told and value.text not in other]


def cut_out(data: PublicSet) -> Iterator[tuple[PublicQuestion, SourceText]]:
    """The answerable questions, each with its document without the sentences that hold an answer."""
    documents = {document.id: document for document in data.documents}
    for number, one in enumerate(data.questions):
        if not one.answerable or not one.gold:
            continue
        whole = documents[one.gold[0]]
        spans = sentence_spans(whole.text)
        left = [whole.text[a:b] for a, b in spans if not says_answer(one, whole.id, whole.text[a:b])]
        if 0 < len(left) < len(spans):
            rest = replace(whole, id=f"{whole.id}-{number}", text=" ".join(left))
            yield replace(one, answerable=False), rest
