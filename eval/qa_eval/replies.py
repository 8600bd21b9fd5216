"""A language model's replies kept in a file, so that they can be judged again by other rules.

A model takes hours where the rules take minutes. What it once replied to a request is its reply from then on,
and the time that this took is its time: asked again, it would now and then fall the other way on a near tie,
at temperature 0 too.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Generator as Pieces
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

from qa.errors import GeneratorError, ServiceError
from qa.interfaces import Generator, Message

_Piece = tuple[str, float]
"""What came, and how many seconds after what came before it."""


class Replies:
    """`model`, whose replies are kept in the file `path`, one a line; those in it are not asked for again."""

    def __init__(self, model: Generator, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._model = model
        self._path = path
        self._known: dict[str, list[_Piece]] = {}
        self._skipped = 0.0
        for line in path.read_text("utf-8").splitlines() if path.exists() else ():
            row = json.loads(line)
            self._known[row["request"]] = [(text, seconds) for text, seconds in row["pieces"]]

    @property
    def name(self) -> str:
        """Names the model."""
        return self._model.name

    def clock(self) -> float:
        """Seconds, those included that a kept reply took when it was given."""
        return time.perf_counter() + self._skipped

    def generate(
        self, messages: Sequence[Message], schema: Mapping[str, object] | None, max_tokens: int
    ) -> Pieces[str, None, None]:
        """See `Generator.generate`; a reply that breaks off with an error is not kept.

        Raises `ServiceError` where the model fails and never replied anything: what is measured then would
        be the quotes, called the model's.
        """
        request = json.dumps([[asdict(one) for one in messages], schema, max_tokens], sort_keys=True)
        key = hashlib.sha256(request.encode()).hexdigest()
        if key not in self._known:
            yield from self._asked(key, messages, schema, max_tokens)
            return
        for text, seconds in self._known[key]:
            self._skipped += seconds
            yield text

    def _asked(
        self, key: str, messages: Sequence[Message], schema: Mapping[str, object] | None, max_tokens: int
    ) -> Pieces[str, None, None]:
        pieces: list[_Piece] = []
        last = time.perf_counter()
        with closing(self._model.generate(messages, schema, max_tokens)) as coming:
            try:
                for text in coming:
                    pieces.append((text, time.perf_counter() - last))
                    yield text
                    last = time.perf_counter()
            except GeneratorError as error:
                if self._known or pieces:
                    raise
                raise ServiceError(f"{error} Nothing is measured until it replies.") from error
            except GeneratorExit:  # who asked has read enough: what it read is what it needs
                self._keep(key, pieces)
                raise
        self._keep(key, pieces)

    def _keep(self, key: str, pieces: list[_Piece]) -> None:
        self._known[key] = pieces
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"request": key, "pieces": pieces}, ensure_ascii=False) + "\n")

    def close(self) -> None:
        """See `Generator.close`."""
        self._model.close()
