"""A dataset's AU labels instead of the estimator's reading of the source images."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest

from bench.data.benchmark import load_benchmark
from bench.data.dataset import Dataset
from bench.errors import BenchError
from bench.plugins.registry import load_method
from bench.run.execute import Runner
from bench.run.identity import identity_parts
from bench.run.session import Session
from bench.run.source_labels import source_labels
from bench.run.store import StoredRun
from metrics.cards import InstrumentCard

UNITS = ("AU01", "AU06", "AU12")


@pytest.fixture
def labelled(embedded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The made-up dataset with labels of two of its AUs and of one that is not read."""
    folder = Path(shutil.copytree(embedded, tmp_path / "datasets" / "synthfaces"))
    card = folder / "card.toml"
    labels = '[labels]\nscale = "0..5"\n\n[split_recipe]'
    card.write_text(card.read_text().replace("[split_recipe]", labels))
    strength = {"happy": "0,4,1", "sad": "4,0,1", "sly": "0,,1"}
    lines = [
        f"{path.parent.name},{path.stem},{strength.get(path.stem, '0,0,0')}"
        for path in sorted(folder.glob("images/*/*.png"))
    ]
    (folder / "labels.csv").write_text("\n".join(["identity,sample,AU01,AU12,AU45", *lines]) + "\n")
    monkeypatch.setattr("bench.data.card.dataset_folders", lambda: [folder.parent])
    return folder


def run(out: Path, source_aus: str | None = None) -> StoredRun:
    """One anchor on one pair, with all real images of its part."""
    benchmark = load_benchmark("synthfaces", source_aus=source_aus)
    session = Session(benchmark, benchmark.card.folder)
    runner = Runner(session, load_method("copy-source"), {}, out=out)
    runner.run("test", runner.missing("test", benchmark.alphas, 1))
    return runner.folder.read()


def test_labels_are_stored_beside_the_real_images(labelled: Path, tmp_path: Path) -> None:
    stored = run(tmp_path / "runs", source_aus="labels")
    table = stored.references.set_index(["identity", "sample"])
    assert stored.action_units == ("AU01", "AU12")
    assert table.loc[("p1", "happy"), ["label_AU01", "label_AU12"]].tolist() == [0.0, 4.0]
    assert np.isnan(table.loc[("p1", "sly"), "label_AU12"])
    assert "label_AU45" not in table
    assert "AU06" in table  # what was read stays


def test_the_two_are_different_runs_and_the_default_stays_what_it_was(
    labelled: Path, tmp_path: Path
) -> None:
    by_labels, by_estimator = (
        run(tmp_path / name, source_aus=name) for name in ("labels", "estimator")
    )
    assert by_labels.run_id != by_estimator.run_id
    assert not [name for name in by_estimator.references if name.startswith("label_")]
    assert by_estimator.action_units == UNITS
    assert run(tmp_path / "default").run_id == by_estimator.run_id
    parts = by_estimator.info["identity"]["parts"]
    assert not {"source_aus", "labels_sha256"} & set(parts)
    assert by_labels.info["identity"]["parts"]["source_aus"] == "labels"
    # Other labels, another run.
    table = labelled / "labels.csv"
    table.write_text(table.read_text().replace("0,4,1", "0,5,1"))
    assert run(tmp_path / "changed", source_aus="labels").run_id != by_labels.run_id


def test_the_card_can_choose_labels(labelled: Path, tmp_path: Path) -> None:
    card = labelled / "card.toml"
    card.write_text(card.read_text() + 'source_aus = "labels"\n')
    assert load_benchmark("synthfaces").source_aus == "labels"
    assert load_benchmark("synthfaces", source_aus="estimator").source_aus == "estimator"
    assert run(tmp_path / "runs").action_units == ("AU01", "AU12")
    card.write_text(card.read_text().replace('"labels"', '"guess"'))
    with pytest.raises(BenchError, match="source_aus must be estimator or labels, not 'guess'"):
        load_benchmark("synthfaces")


class Estimator:
    """Only what is looked at: a card and names."""

    def __init__(self, scale: str, units: tuple[str, ...] = UNITS) -> None:
        self.action_units = units
        self.card = InstrumentCard(
            name="mine", kind="au_estimator", version="1", description="", input_size=64,
            crop="none", scale=scale, weights_name="", weights_sha256="", licence="CC0-1.0",
            source="tests",
        )  # fmt: skip


def labels_of(folder: Path, estimator: Estimator) -> object:
    benchmark = load_benchmark("synthfaces", source_aus="labels")
    dataset = Dataset(benchmark.card, folder, benchmark.resolution)
    return source_labels(benchmark, dataset, estimator)  # type: ignore[arg-type]


@pytest.mark.parametrize("scale", ["blendshape 0..1", "probability 0..1", "probability 0..50", ""])
def test_an_estimator_on_another_scale_is_refused(labelled: Path, scale: str) -> None:
    with pytest.raises(BenchError, match=r"are on the scale 0\.\.5 and mine reads") as caught:
        labels_of(labelled, Estimator(scale))
    assert "--source-aus estimator" in str(caught.value.hint)
    assert labels_of(labelled, Estimator("intensity 0..5")) is not None


def test_labels_on_another_scale_are_refused_even_where_the_estimator_s_looks_alike(
    labelled: Path,
) -> None:
    card = labelled / "card.toml"
    card.write_text(card.read_text().replace('scale = "0..5"', 'scale = "0..10"'))
    with pytest.raises(BenchError, match=r"on the scale 0\.\.10"):
        labels_of(labelled, Estimator("intensity 0..10"))


def test_labels_that_are_missing_are_named(labelled: Path) -> None:
    table = labelled / "labels.csv"
    lines = table.read_text().splitlines()
    table.write_text("\n".join(line for line in lines if "p1,happy" not in line) + "\n")
    with pytest.raises(BenchError, match=r"no label of 1 of the 230 images .* such as p1/happy"):
        labels_of(labelled, Estimator("0..5"))
    with pytest.raises(BenchError, match="reads none of the Action Units"):
        labels_of(labelled, Estimator("0..5", ("AU09",)))
    table.unlink()
    with pytest.raises(BenchError, match="synthfaces has no AU labels"):
        labels_of(labelled, Estimator("0..5"))


def test_the_parts_of_a_run_s_identity_have_no_new_name_by_default(embedded: Path) -> None:
    benchmark = load_benchmark("synthfaces")
    entry = load_method("copy-source")
    parts = identity_parts(benchmark, entry, {}, {}, {}, 0)
    assert set(parts) == {
        "method", "method_source_sha256", "parameters", "fingerprint", "dataset",
        "manifest_sha256", "split", "split_sha256", "resolution", "instruments", "seed",
    }  # fmt: skip
    other = dataclasses.replace(benchmark, source_aus="labels")
    assert set(identity_parts(other, entry, {}, {}, {}, 0)) - set(parts) == {
        "source_aus", "labels_sha256",
    }  # fmt: skip
