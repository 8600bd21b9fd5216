"""The command line of what is learnt, and where it is kept: each key of weights.json names its command."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

Learn = Callable[[Path, Callable[[str], object]], Mapping[str, Any] | None]
"""From the folder of the public sets, with what is to be said, to the learnt parts; None where sets miss."""


def run(description: str | None, module: str, learn: Learn, arguments: Sequence[str] | None) -> int:
    """Learn by `module`'s command line, and write what is learnt where that is asked for; the exit code."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("evaldata", type=Path)
    parser.add_argument("--write", type=Path, help="the weights.json whose learnt parts to replace")
    options = parser.parse_args(arguments)
    learnt = learn(options.evaldata, lambda line: sys.stdout.write(line + "\n"))
    if learnt and options.write:
        store(learnt, options.write, module)
    return 0


def store(learnt: Mapping[str, Any], path: Path, module: str) -> None:
    """Replace these parts of a weights.json; what others have learnt stays."""
    whole = json.loads(path.read_text("utf-8"))
    command = f"python -m {module} EVALDATA --write src/qa/weights.json"
    commands = {**whole["commands"], **dict.fromkeys(learnt, command)}
    path.write_text(json.dumps({**whole, **learnt, "commands": commands}, indent=2) + "\n", "utf-8")
