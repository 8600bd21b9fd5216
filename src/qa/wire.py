"""An Answer as the wire contract, version 1, has it: what the API sends and `qa ask --json` prints."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from qa.types import Answer, Citation, Scored


def wire_answer(answer: Answer, *, trace: bool = False) -> dict[str, Any]:
    """A JSON object; `trace` adds the ranked passages and evidence, best first."""
    body: dict[str, Any] = {
        "question": answer.question,
        "standalone_question": answer.standalone_question,
        "status": answer.status,
        "answer": answer.text,
        "confidence": round(answer.confidence, 4),
        "claims": [{"text": one.text, "citations": list(one.evidence_numbers)} for one in answer.claims],
        "citations": [wire_citation(one) for one in answer.citations],
        "disagreement": asdict(answer.disagreement) if answer.disagreement else None,
        "generator": answer.generator,
        "degraded": answer.degraded,
        "timings_ms": dict(answer.trace.timings_ms),
    }
    if trace:
        body["trace"] = {
            "passages": [_place(one) for one in answer.trace.passages],
            "evidence": [{**_place(one), "quote": one.text} for one in answer.trace.evidence],
        }
    return body


def wire_citation(citation: Citation) -> dict[str, Any]:
    """A JSON object; what stands in an answer is verified."""
    return {**asdict(citation), "verified": True}


def _place(one: Scored) -> dict[str, Any]:
    return {"document_id": one.document_id, "start": one.start, "end": one.end, "score": round(one.score, 4)}
