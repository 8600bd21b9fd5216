"""What tutorials build: the three best passages in the prompt, the reply taken as it is."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import closing
from typing import Any

from qa.errors import GeneratorError
from qa.interfaces import Generator, Message
from qa.language.text import sentence_spans
from qa.pipeline import QA
from qa_eval.examples import Example
from qa_eval.run import InProcess, Json

Clock = Callable[[], float]
"""Gives seconds since some moment."""

PASSAGES = 3
_MAX_TOKENS = 256
_PROMPT = (
    "Answer the question with the help of the context below. If the context does not hold the answer,"
    " say that you don't know."
)

_NOT = r"(?:do not|don['’]t|does not|doesn['’]t|did not|didn['’]t|cannot|can not|can['’]t|could not)"
_CONTEXT = r"(?:context|texts?|passages?|paragraphs?|articles?|documents?|sources?|information|it|they)"
_SILENT = r"(?:mentioned|specified|stated|provided|given|known|available|clear|included|discussed|enough)"
_REFUSES = re.compile(
    rf"\b(?:i|we) (?:\w+ )?{_NOT} (?:\w+ ){{0,2}}?(?:know|say|tell|answer|determine|find|provide|have)\b"
    r"|\b(?:unable|not able|impossible|not possible) to (?:know|say|tell|answer|determine|find|provide)\b"
    rf"|\b{_CONTEXT}\b[^.;,]{{0,40}} {_NOT} (?:\w+ )?"
    r"(?:say|mention|provide|contain|answer|specify|state|include|give|hold|tell|indicate|discuss|have)\b"
    r"|\bno (?:\w+ )?(?:information|mention|answer|details?|indication)\b"
    rf"|\b(?:is|are|was|were)(?: not|n['’]t) (?:\w+ )?{_SILENT}\b|^not {_SILENT}\b"
    r"|^unknown\b|\b(?:is|remains) (?:unclear|unknown)\b|\bcannot be determined\b",
    re.IGNORECASE,
)
_SAYS_NOTHING = re.compile(
    rf"^(?:i['’]?a?m )?(?:sorry|i apologi[sz]e)\b|\b{_CONTEXT} (?:only|just)\b", re.IGNORECASE
)
_CLAUSES = re.compile(r",? (?:but|however|although|though)\b,?|;|(?<=sorry),", re.IGNORECASE)


def is_refusal(reply: str) -> bool:
    """Whether a reply says that there is no answer, and nothing else.

    An answer that adds that the text does not say more is none; nor is an empty reply.
    """
    sentences = [reply[start:end] for start, end in sentence_spans(reply)]
    clauses = [one.strip() for sentence in sentences for one in _CLAUSES.split(sentence)]
    told = [one for one in clauses if re.search(r"\w", one)]
    refuses = [_REFUSES.search(one) is not None for one in told]
    return any(refuses) and all(
        refused or _SAYS_NOTHING.search(one) for one, refused in zip(told, refuses, strict=True)
    )


class Chain(InProcess):
    """The plain chain, over our own ranking of passages: nothing cited, nothing verified."""

    def __init__(self, qa: QA, model: Generator, clock: Clock) -> None:
        super().__init__(qa)
        self._model = model
        self._clock = clock

    def ask(self, example: Example) -> Json:
        """See `Asker`; "first_s" is when its first sentence is whole. A model that fails answers nothing."""
        began = self._clock()
        ranking = self._qa.ranking(example.question, example.documents)
        passages = [one.passage for one in ranking.passages[:PASSAGES]]
        context = "\n\n".join(one.text for one in passages)
        prompt = f"{_PROMPT}\n\nContext:\n{context}\n\nQuestion: {example.question}\nAnswer:"
        reply, first = self._reply(prompt)
        ended = self._clock()
        refused = is_refusal(reply)
        places: list[dict[str, Any]] = [
            {"document_id": one.document_id, "start": one.start, "end": one.end, "quote": one.text}
            for one in passages
        ]
        claims = [{"text": reply[start:end], "citations": []} for start, end in sentence_spans(reply)]
        return {
            "status": "not_found" if refused else "answered",
            "confidence": float(not refused),
            "claims": [] if refused else claims,
            "citations": [],
            "disagreement": None,
            "trace": {"passages": places, "evidence": []},
            "first_s": (ended if first is None else first) - began,
            "seconds": ended - began,
        }

    def _reply(self, prompt: str) -> tuple[str, float | None]:
        """The reply, and when its second sentence began; nothing from a model that fails."""
        reply, first = "", None
        try:
            with closing(self._model.generate([Message("user", prompt)], None, _MAX_TOKENS)) as pieces:
                for piece in pieces:
                    reply += piece
                    if first is None and len(sentence_spans(reply)) > 1:
                        first = self._clock()
        except GeneratorError:
            return "", None
        return reply.strip(), first
