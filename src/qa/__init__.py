"""Questions answered from a folder of documents, every sentence pointing to its source.

from qa import Settings
from qa.build import build_qa

qa = build_qa(Settings(index="index"))
answer = qa.ask("How much did China invest in Belarus?")
"""

from qa.errors import QAError
from qa.settings import Settings
from qa.types import Answer, Citation, Claim, Disagreement, Document, Evidence, Passage, Turn

__all__ = [
    "Answer",
    "Citation",
    "Claim",
    "Disagreement",
    "Document",
    "Evidence",
    "Passage",
    "QAError",
    "Settings",
    "Turn",
]
