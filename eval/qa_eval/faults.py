"""Does the verifier stop what it is there to stop? Drafts broken on purpose, one way each.

An extractive answer is never broken, so good answers cannot show that `verify` works: these can.
It is called as `qa.answering.extract` names it, with the documents as they are stored.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from qa.answering import extract
from qa.errors import DocumentNotFound
from qa.pipeline import QA
from qa.types import Claim, Document, Draft, Evidence, Passage
from qa_eval.examples import Example, GoldSpan

STALE_REVISION = "0" * 64


def fault_figures(examples: Sequence[Example], qa: QA) -> dict[str, float]:
    """The share of broken drafts stopped and of sound drafts kept, one of each kind for each gold sentence.

    Empty without gold sentences.
    """
    cited = {span.document_id for one in examples for span in one.evidence}
    texts = {one: qa.document(one) for one in cited & {document.id for document in qa.documents()}}
    spans = {span for one in examples for span in one.evidence if span.document_id in texts and span.quote}
    if not spans:
        return {}
    ordered = sorted(spans, key=lambda span: (span.document_id, span.start, span.end))
    stopped = [
        not _stands(draft, one, revision, texts)
        for span in ordered
        for draft, one, revision in _broken(span, texts)
    ]
    kept = [_stands(*_sound(span, texts), texts) for span in ordered]
    return {"faults_stopped": sum(stopped) / len(stopped), "sound_drafts_kept": sum(kept) / len(kept)}


def _sound(span: GoldSpan, texts: Mapping[str, Document]) -> tuple[Draft, Evidence, str]:
    document = texts[span.document_id]
    passage = Passage("fault", document.id, span.start, span.end, span.quote)
    evidence = Evidence(1, passage, span.start, span.end, span.quote, 1.0)
    return Draft((Claim(span.quote, (1,)),)), evidence, document.sha256


def _broken(span: GoldSpan, texts: Mapping[str, Document]) -> Iterator[tuple[Draft, Evidence, str]]:
    draft, sound, revision = _sound(span, texts)
    words = span.quote.split()
    reworded = " ".join([*words[:-1], "never", words[-1]])
    # A claim that its citation does not say.
    yield Draft((Claim(reworded, (1,)),)), sound, revision
    # A quote that is nowhere (fabricated), and one that is elsewhere (misattributed).
    yield Draft((Claim(reworded, (1,)),)), replace(sound, quote=reworded), revision
    yield draft, replace(sound, start=sound.start + 1, end=sound.end + 1), revision
    # A quote with its middle cut out (stitched).
    third = len(words) // 3
    stitched = " ".join(words[:third] + words[-third:]) if third else reworded
    yield Draft((Claim(stitched, (1,)),)), replace(sound, quote=stitched), revision
    # Evidence of a text that has changed since (stale), a claim that cites nothing, one of no evidence.
    yield draft, sound, STALE_REVISION
    yield Draft((Claim(span.quote, ()),)), sound, revision
    yield Draft((Claim(span.quote, (2,)),)), sound, revision


def _stands(draft: Draft, evidence: Evidence, revision: str, texts: Mapping[str, Document]) -> bool:
    def read(document_id: str) -> Document:
        if document_id not in texts:
            raise DocumentNotFound(document_id)
        return texts[document_id]

    revisions = {evidence.passage.document_id: revision}
    # The very name that the extractive answer calls, so that what is measured is what runs.
    verified = extract.verify(draft, [evidence], revisions, read)  # type: ignore[attr-defined]
    return bool(verified.claims)
