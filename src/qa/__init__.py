"""Questions answered from a folder of documents, every sentence pointing to its source.

from qa import Settings
from qa.build import build_qa

qa = build_qa(Settings(index="index"))
answer = qa.ask("How much did China invest in Belarus?")
"""

from typing import TYPE_CHECKING, Any

from qa.errors import QAError
from qa.types import Answer, Citation, Claim, Disagreement, Document, Evidence, Passage, Turn

if TYPE_CHECKING:
    from qa.settings import Settings

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


def __getattr__(name: str) -> Any:
    """Settings bring pydantic with them, which the processes that only read files do without."""
    if name == "Settings":
        from qa.settings import Settings

        return Settings
    raise AttributeError(f"module 'qa' has no attribute '{name}'")
