"""What the documents promise is true."""

from __future__ import annotations

import re
import tomllib

import qa
from conftest import ROOT
from qa.settings import PREFIX, Settings

README = (ROOT / "README.md").read_text()
SECURITY = (ROOT / "SECURITY.md").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()


def test_the_settings_table_is_the_settings() -> None:
    rows = dict(re.findall(r"^\| `(QA_\w+)` \| `(.*?)` \|", README, re.MULTILINE))
    fields = {PREFIX + name.upper(): str(field.default) for name, field in Settings.model_fields.items()}
    assert rows == fields


def test_every_make_target_that_is_named_exists() -> None:
    for text in (README, (ROOT / "ARCHITECTURE.md").read_text(), SECURITY, (ROOT / ".ci/run").read_text()):
        for target in re.findall(r"\bmake (\w+)", text):
            assert re.search(rf"^{target}:", MAKEFILE, re.MULTILINE), target


def test_every_file_that_is_linked_exists() -> None:
    for document in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text()):
            assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_the_tests_that_show_what_is_defended_exist() -> None:
    named = set(re.findall(r"\btest_\w+", SECURITY))
    assert named
    assert not [name for name in named if not (ROOT / "tests" / f"{name}.py").is_file()]


def test_every_module_is_in_the_architecture() -> None:
    rows = re.findall(r"^\| (\w+) \| ([\w, /]+) \|", (ROOT / "ARCHITECTURE.md").read_text(), re.MULTILINE)
    named = sorted((package, file.strip("/")) for package, files in rows for file in files.split(", "))
    folder = ROOT / "src/qa"
    parts = {("qa", *path.relative_to(folder).with_suffix("").parts) for path in folder.rglob("*.py")}
    there = {one[-2:] if len(one) < 4 else one[1:3] for one in parts if one[-1] != "__init__"}
    assert named == sorted(there)


def test_the_public_names_are_there() -> None:
    assert all(hasattr(qa, name) for name in qa.__all__)


def test_the_commands_that_are_named_exist() -> None:
    from qa.cli import app

    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]["qa.commands"]
    commands = {
        info.name or info.callback.__name__ for info in app.registered_commands if info.callback
    } | set(scripts)
    named = set(re.findall(r"\bqa (ask|search|ingest|status|serve|eval|chat|doctor|mcp|documents)\b", README))
    assert named <= commands
