"""Secrets are in the repository encrypted, or not at all."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from footpred_dagster.core.settings import PACKAGE_ROOT

SOPS = Path(sys.executable).with_name("sops")
EXAMPLE = PACKAGE_ROOT / "deploy" / "secrets" / "example.sops.yaml"
needs_age = pytest.mark.skipif(not shutil.which("age-keygen"), reason="age is not installed")
PLAIN = {
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "an age key": re.compile(r"AGE-SECRET-KEY-1[A-Z0-9]{20,}"),
    "an AWS key": re.compile(r"\bAKIA[A-Z0-9]{16}\b"),
    "a key of the service": re.compile(r"\bfp_[a-z0-9]{12}_[A-Za-z0-9_-]{43}\b"),
    "a password in an address": re.compile(
        r"\b(?:postgresql|postgres|redis)://[\w.-]+:(?P<word>[^@\s{}$%<>\"'*/]{6,})@(?!\S*example)"
    ),
    "a token of GitLab": re.compile(r"\bglpat-[A-Za-z0-9_-]{20}\b"),
}
PLACEHOLDERS = {"PLACEHOLDER", "password", "secret"}


def plain_secrets(text: str) -> list[str]:
    """What of a file looks like a secret that is not a placeholder."""
    return [
        what
        for what, pattern in PLAIN.items()
        for found in pattern.finditer(text)
        if found.groupdict().get("word") not in PLACEHOLDERS
    ]


def test_no_tracked_file_holds_a_secret():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=PACKAGE_ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a checkout")
    for name in filter(None, listed.stdout.split("\0")):
        path = PACKAGE_ROOT / name
        if path.is_file() and path != Path(__file__):
            assert not plain_secrets(path.read_bytes().decode(errors="replace")), name


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("-----BEGIN OPENSSH " + "PRIVATE KEY-----", "a private key"),
        ("AGE-SECRET-" + "KEY-1QQPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", "an age key"),
        ("aws: AKIA" + "ABCDEFGHIJKLMNOP", "an AWS key"),
        ("fp_abcdefghijkl_" + "x" * 43, "a key of the service"),
        ("postgresql://footpred:" + "hunter22@db:5432/footpred", "a password in an address"),
    ],
)
def test_a_planted_secret_is_found(text, what):
    assert plain_secrets(f"x: {text}") == [what]


def test_every_value_of_a_committed_secret_is_encrypted():
    files = sorted(EXAMPLE.parent.glob("*"))
    assert files
    for file in files:
        assert file.name.endswith(".sops.yaml"), file
        for document in yaml.safe_load_all(file.read_text()):
            assert document["kind"] == "Secret"
            assert all(value.startswith("ENC[") for value in document["stringData"].values())


@pytest.fixture
def key(tmp_path) -> tuple[Path, str]:
    """A new key in a file, and its recipient."""
    path = tmp_path / "key.txt"
    said = subprocess.run(["age-keygen", "-o", str(path)], capture_output=True, text=True, check=True)
    return path, said.stderr.split()[-1]


def sops(*arguments: object, key: Path | None = None) -> subprocess.CompletedProcess[str]:
    keys = {"SOPS_AGE_KEY_FILE": str(key)} if key else {"SOPS_AGE_KEY_FILE": os.devnull}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SOPS")} | keys
    return subprocess.run(
        [str(SOPS), *map(str, arguments)], capture_output=True, text=True, env=environment, check=False
    )


@needs_age
def test_what_is_encrypted_comes_back_to_who_has_the_key_alone_and_tampering_is_found(tmp_path, key):
    path, recipient = key
    plain = {"kind": "Secret", "stringData": {"database-url": "postgresql://PLACEHOLDER", "other": "x"}}
    file = tmp_path / "made.sops.yaml"
    file.write_text(yaml.safe_dump(plain))
    rule = ("--age", recipient, "--encrypted-regex", "^(data|stringData)$")
    done = sops("--config", os.devnull, "encrypt", *rule, "-i", file)
    assert done.returncode == 0, done.stderr
    assert "PLACEHOLDER" not in file.read_text()
    assert yaml.safe_load(sops("decrypt", file, key=path).stdout) == plain
    refused = sops("decrypt", file)
    assert refused.returncode != 0
    encrypted = yaml.safe_load(file.read_text())
    encrypted["kind"] = "ConfigMap"
    file.write_text(yaml.safe_dump(encrypted))
    assert "MAC mismatch" in sops("decrypt", file, key=path).stderr


@needs_age
def test_keys_are_changed_without_the_secrets_being_seen(tmp_path, key):
    """As deploy/README.md says: the new recipient is added, the data key made anew, the old one goes."""
    path, recipient = key
    new = tmp_path / "new.txt"
    said = subprocess.run(["age-keygen", "-o", str(new)], capture_output=True, text=True, check=True).stderr
    file = tmp_path / "made.sops.yaml"
    file.write_text("stringData: {a: b}\n")
    assert sops("--config", os.devnull, "encrypt", "--age", recipient, "-i", file).returncode == 0
    changed = sops("rotate", "-i", "--add-age", said.split()[-1], "--rm-age", recipient, file, key=path)
    assert changed.returncode == 0, changed.stderr
    assert sops("decrypt", file, key=path).returncode != 0
    assert yaml.safe_load(sops("decrypt", file, key=new).stdout) == {"stringData": {"a": "b"}}
