"""What the README tells a newcomer to type is typed here."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def commands(section: str) -> list[list[str]]:
    """Commands of the first shell block under a heading, comments taken off."""
    block = re.search(rf"^#+ {section}$.*?^```sh\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    assert block, section
    return [shlex.split(line, comments=True) for line in block[1].splitlines()]


def test_the_two_commands_are_targets_of_make():
    targets = re.findall(r"^(\w+): install", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert [words[1] for words in commands("Run it")] == ["demo", "test"]
    assert {"demo", "test"} <= set(targets)


@pytest.mark.parametrize("words", commands("Verify it"), ids=" ".join)
def test_every_command_of_verify_it_works_on_the_demo(demo, words):
    assert words[0] == ".venv/bin/footpred"
    said = demo.home.run(*words[1:])
    assert said.strip()


def test_every_picture_is_there_and_small_enough_to_clone():
    pictures = re.findall(r"\]\((\.readme/[^)]+)\)", README)
    assert len(pictures) >= 2
    for picture in pictures:
        assert 10_000 < (ROOT / picture).stat().st_size < 400_000


def test_every_command_named_in_the_readme_exists():
    from footpred_dagster.cli.group import MODULES

    named = set(re.findall(r"`footpred (\w+)", README)) | {"down", "pull"}
    assert named <= set(MODULES)
