"""What is said of a dataset, whole and damaged."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from bench.api_checks import check_dataset
from bench.errors import BenchError
from bench.plugins.checks.outcome import Finding


@pytest.fixture
def faces(made_up_datasets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the made-up dataset that may be damaged."""
    monkeypatch.setattr("bench.data.card.dataset_folders", lambda: [tmp_path])
    return Path(shutil.copytree(made_up_datasets / "synthfaces", tmp_path / "synthfaces"))


def findings() -> dict[str, Finding]:
    return {check.name: check.finding for check in check_dataset("synthfaces").checks}


def statuses() -> str:
    """The first letters: passed, failed or skipped."""
    return "".join(finding.status[0] for finding in findings().values())


def edit(path: Path, old: str, new: str) -> None:
    path.write_text(re.sub(old, new, path.read_text(), count=1, flags=re.MULTILINE))


def test_a_whole_dataset_passes(faces):
    found = findings()
    assert {finding.status for finding in found.values()} == {"passed"}
    assert "230 images" in found["list of images"].found
    assert "30 pairs" in found["split"].found
    assert "4 in dev, 6 in test" in found["people"].found
    lines = [check.line for check in check_dataset("synthfaces").checks]
    assert lines == ["D1", "D2", "D3", "D4", "D5"]


def test_a_card_alone_is_no_fault(faces):
    (faces / "files.csv").unlink()
    assert statuses() == "pssss"
    assert "bench data add synthfaces --data DIR" in findings()["list of images"].found


def test_a_list_without_a_split_is_no_fault(faces):
    shutil.rmtree(faces / "splits")
    assert statuses() == "pppss"
    assert "bench data splits synthfaces" in findings()["split"].found


def test_a_card_that_cannot_be_read(faces):
    edit(faces / "card.toml", r"^year = .*", 'year = "soon"')
    assert statuses() == "fssss"
    assert "year" in findings()["card"].found
    assert findings()["card"].expected == "the card as docs/add-a-dataset.md has it"


def test_a_malformed_list(faces):
    edit(faces / "files.csv", r"^images/.*", "images/p0/neutral.png,p0")
    assert statuses() == "pfsss"
    assert "files.csv:2" in findings()["list of images"].found


def test_images_that_are_missing_or_changed(faces):
    (faces / "images" / "p3" / "happy.png").unlink()
    shutil.copy(faces / "images" / "p3" / "sad.png", faces / "images" / "p4" / "sad.png")
    assert statuses() == "ppfpp"
    assert findings()["images"].found.startswith("2 are not as published")
    assert findings()["images"].hint == "bench data verify synthfaces"


def test_a_pair_of_an_image_that_is_not_there(faces):
    edit(faces / "splits" / "v1.csv", r"happy", "neutral")
    assert statuses() == "pppfp"
    assert "/neutral is no source image" in findings()["split"].found


def test_a_part_of_two_people(faces):
    path = faces / "splits" / "v1.csv"
    header, *rows = path.read_text().splitlines()
    dev = [row.split(",") for row in rows if row.startswith("dev")]
    two = sorted({row[1] for row in dev})[:2]
    kept = [",".join(row) for row in dev if {row[1], row[3]} <= set(two)]
    kept = kept or [f"dev,{two[0]},happy,{two[1]},cross"]
    path.write_text("\n".join([header, *kept, *(r for r in rows if r.startswith("test"))]) + "\n")
    assert statuses() == "ppppf"
    assert "2 in dev" in findings()["people"].found


def test_an_unknown_dataset_is_the_user_s_to_mend(faces):
    with pytest.raises(BenchError, match="no dataset card called 'sinthfaces'; did you mean"):
        check_dataset("sinthfaces")
