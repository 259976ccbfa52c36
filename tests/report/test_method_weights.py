"""The weights of methods in the report's provenance."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from bench.data.card import load_card
from bench.report import literature
from bench.report.method_weights import method_weights
from glow.pretrained import find_model, list_models

ROOT = Path(__file__).resolve().parents[2]
GENERATOR = ROOT / "bench/methods/generator/weights/synthfaces-64/model.pt"


def info(name: str, digest: str) -> dict[str, Any]:
    fingerprint = {"weights_sha256": digest} if digest else {}
    return {"method": {"name": name}, "identity": {"parts": {"fingerprint": fingerprint}}}


def digest_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    "path", [*map(find_model, list_models()), GENERATOR], ids=lambda path: path.parent.name
)
def test_weights_of_the_package_have_the_licence_and_data_of_their_card(path: Path) -> None:
    (found,) = method_weights([info("a", digest_of(path)), info("b", digest_of(path))])
    details = dict(found.details)
    kind = "generator" if path == GENERATOR else "Glow"
    assert found.name == f"{kind} {path.parent.name}"
    assert details["used by"] == "a, b"
    assert details["licence"].startswith("Apache-2.0")
    assert len(details["trained on"]) > 40
    assert path.as_posix().endswith(details["weights name"])
    assert not details["weights name"].startswith("/")


def test_weights_of_others_are_named_by_their_hash_alone() -> None:
    found = method_weights([info("theirs", "a" * 64), info("none", ""), {}])
    assert [one.name for one in found] == ["weights of theirs"]
    details = dict(found[0].details)
    assert details["weights sha256"] == "a" * 64
    assert details["licence"].startswith("not known")


def test_photographs_that_weights_learnt_from_are_cited_as_their_card_has_them() -> None:
    london, ontario = literature.of_training("Glow london-64")
    card = load_card("london")
    fields = dict(london.fields)
    assert london.authors == tuple(card.authors)
    assert (fields["title"], fields["doi"]) == (card.title, card.doi)
    assert fields["note"] == f"Licence: {card.licence}"
    assert fields["year"] == str(card.year)
    readme = find_model("london-64").with_name("README.md").read_text(encoding="utf-8")
    assert all(dict(entry.fields)["doi"] in readme for entry in (london, ontario))
    assert literature.of_training("Glow synthfaces-64") == ()
