"""rewrite(question, history) → the question that stands alone, as a language model words it."""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Sequence
from contextlib import closing

from qa.finding.question import standalone
from qa.interfaces import Generator as LanguageModel
from qa.interfaces import conversation
from qa.language.words import fold, term_set
from qa.speaking.prompts import REWRITE, REWRITE_EXAMPLES, rewrite_request, rewrite_schema
from qa.types import Turn, Waiting

_MAX_TOKENS = 80
_TURNS = 6
_TURN_CHARS = 300
"""What the model sees of the conversation: its last turns, and the beginning of each."""

_LONGEST = 120
"""Characters that a rewrite may add; the plain method's longest addition that is of use."""

_KEPT = 0.5
"""Share of the question's own terms that its rewrite has to keep."""

_NAME = re.compile(r"(?<![.?!:]\s)(?<!^)\b(?:[A-Z]\w*|\w*\d\w*)")


def rewrite(
    question: str, history: Sequence[Turn], generator: LanguageModel
) -> Generator[Waiting, None, str]:
    """`question` as it would be asked without `history`; closing the generator stops the model.

    The model's rewrite where it is one: a question about what was talked of. Otherwise what
    `standalone` makes of it, and the model is asked only where that finds that the question lacks
    something. Raises `GeneratorError`.
    """
    plain = standalone(question, history)
    if not history or plain == question.strip():
        return plain
    seen = [(turn.role, turn.content[:_TURN_CHARS]) for turn in history[-_TURNS:]]
    messages = conversation(REWRITE, REWRITE_EXAMPLES, rewrite_request(question, seen))
    with closing(generator.generate(messages, rewrite_schema(), _MAX_TOKENS)) as pieces:
        reply = ""
        for piece in pieces:
            reply += piece
            yield Waiting()
    written = _question(reply)
    return written if _trusted(written, question, history) else plain


def _question(reply: str) -> str:
    """The question in a reply of the wanted shape, on one line; empty where there is none."""
    try:
        value = json.loads(reply).get("question", "")
    except (ValueError, AttributeError):
        return ""
    return " ".join(value.split()) if isinstance(value, str) else ""


def _trusted(written: str, question: str, history: Sequence[Turn]) -> bool:
    """Whether it asks about what was talked of: nothing of its own in it, and the question still there."""
    if not written or len(written) > len(question) + _LONGEST:
        return False
    if question.rstrip().endswith("?") and not written.endswith("?"):
        return False
    talk = " ".join([question, *(turn.content for turn in history)])
    said = set(fold(talk).split())
    if any(not set(fold(name).split()) <= said for name in _NAME.findall(written)):
        return False
    asked, kept = (term_set(text) for text in (question, written))
    return len(asked & kept) >= _KEPT * len(asked)
