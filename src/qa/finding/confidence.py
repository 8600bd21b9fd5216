"""How probable it is that the documents answer the question.

A logistic regression (Platt 1999 fits the same form) over features of the best evidence sentence.
None depends on how many documents there are, so that the probability means the same over 3
documents and over 20,000 passages. Each weight has the sign that reason asks for: a better match
never lowers the confidence, a missing term never raises it. Where the sentence says it of another
(`qa.finding.premise`), its words match as well as those of an answer, so that the features tell nothing: the
confidence is then at most the share of such sentences that do answer. Learnt by `python -m qa_eval.fit`.
"""

from __future__ import annotations

from qa.finding.premise import is_of_another
from qa.finding.rank import RankedSentence, Ranking
from qa.language.short_answer import answer_type, possible_answers, rank_values
from qa.weights import learnt, logistic

SIGNS = {
    "maxsim": 1,
    "pooled": 1,
    "passage_maxsim": 1,
    "same_words": 1,
    "predicate": 1,
    "worst_match": 1,
    "missing_near": -1,
    "missing_names": -1,
    "missing_number": -1,
    "missing_negation": -1,
    "value_doubt": -1,  # a number or a time is asked for: 1 - the probability that the sentence's is the one
}
"""The features of a sentence that count, with the sign of their weight."""

_RANKED = tuple(name for name in SIGNS if name != "value_doubt")

_DOUBTED = frozenset({"when", "money", "count", "amount", "duration", "percent"})
"""Kinds of answer that are always written as numbers or dates; a who or a where need not be a name."""

THRESHOLD: float = learnt("abstention")["threshold"]
"""Below this confidence the answer is "the documents do not say".

Chosen so that at most 4 % of the answerable questions of any set that it was fitted on are refused, for
at most 5 % of others.
"""

SECOND_LOOK = 0.05
"""From this confidence on a language model, where there is one, may find the answer that the features miss.

Below it what a model found was as often wrong as right (eval/LOG.md).
"""

RELEVANCE = ("maxsim", "pooled", "passage_maxsim", "missing_near")
"""The features that tell whether a sentence is about what is asked, whatever it says of it."""


def confidence(question: str, ranking: Ranking) -> float:
    """Probability in [0, 1] that `ranking` holds an answer; 0.0 if it is empty."""
    return sentence_confidence(question, ranking.sentences[0]) if ranking.sentences else 0.0


def sentence_confidence(question: str, sentence: RankedSentence) -> float:
    """Probability in [0, 1] that the sentence, taken as the best evidence, answers the question."""
    weights = learnt("confidence")
    features = confidence_features(question, sentence)
    row, by = zip(*((features[name], weights[name]) for name in SIGNS), strict=True)
    sure = logistic((1.0, *row), (weights["intercept"], *by))
    return min(sure, learnt("premise")["answers"]) if told_of_another(question, sentence) else sure


def is_of_the_kind(question: str, sentence: str, start: int, end: int) -> bool:
    """Whether `sentence[start:end]` can answer a question that asks for a number or a time: it tells one."""
    if answer_type(question) not in _DOUBTED:
        return True
    return any(start < value.end and value.start < end for value, _ in possible_answers(question, sentence))


def told_of_another(question: str, sentence: RankedSentence) -> bool:
    """Whether the sentence says what is asked of another one than the question names."""
    return sentence.another or is_of_another(question, sentence.passage.text[sentence.start : sentence.end])


def sentence_relevance(sentence: RankedSentence) -> float:
    """Probability in [0, 1] that the sentence is about what is asked.

    A source that contradicts another often does so in other words, which `sentence_confidence` takes for
    a near miss. Learnt without near misses.
    """
    weights = learnt("relevance")
    row, by = zip(*((sentence.feature(name), weights[name]) for name in RELEVANCE), strict=True)
    return logistic((1.0, *row), (weights["intercept"], *by))


def confidence_features(question: str, sentence: RankedSentence) -> dict[str, float]:
    """The features named in SIGNS."""
    ranked = {name: sentence.feature(name) for name in _RANKED}
    return {**ranked, "value_doubt": _value_doubt(question, sentence)}


def _value_doubt(question: str, sentence: RankedSentence) -> float:
    if answer_type(question) not in _DOUBTED:
        return 0.0
    found = rank_values(question, sentence.passage.text[sentence.start : sentence.end])
    return 1.0 - (found[0][1] if found else 0.0)
