"""A second opinion on imported measurements: both are stored, nothing is made again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.api import Settings
from bench.api_imports import measure_valenzuela2021
from bench.api_opinion import second_opinion
from bench.errors import BenchError
from bench.imports.valenzuela2021 import TRANSFER
from metrics.cards import InstrumentCard
from metrics.contracts import AUReading, Images

NAME = "colours"


class Colours:
    """Reads colours: an embedding of 12 numbers and two Action Units."""

    action_units = ("AU06", "AU12")
    card = InstrumentCard(
        name=NAME, kind="embedder", version="1", description="", input_size=256, crop="none",
        scale="0..1", weights_name="", weights_sha256="", licence="CC0-1.0", source="tests",
    )  # fmt: skip

    def embed(self, images: Images) -> Any:
        blocks = images.reshape(len(images), 2, 128, 2, 128, 3).mean(axis=(2, 4))
        rows = blocks.reshape(len(images), -1) - 127.0
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)

    def estimate(self, images: Images) -> AUReading:
        values = images.mean(axis=(1, 2))[:, :2] / 255.0
        return AUReading(["ok"] * len(images), values.astype(np.float32))


@pytest.fixture(scope="module")
def runs(make_tree: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("opinion")
    tree = make_tree(folder / "release", numbers=(1,))
    tree.write()
    tree.draw()
    with pytest.MonkeyPatch.context() as patch:
        for kind in ("embedder", "au_estimator"):
            patch.setattr(f"bench.plugins.instruments.load_{kind}", lambda *_: Colours())
        measure_valenzuela2021(tree.folder, folder / "runs", NAME, NAME)
    return folder / "runs"


def settings(runs: Path, **changes: Any) -> Settings:
    given = {"benchmark": "valenzuela2021", "embedder": NAME, "au_estimator": f"{NAME}:FILE"}
    return Settings(out=runs, **{**given, **changes})


def test_both_measurements_stand_beside_each_other(runs: Path) -> None:
    found = second_opinion([], settings(runs))
    assert (found.part, found.second) == ("dev", f"{NAME} + {NAME}")
    assert "OpenFace" in found.first
    rows = {row.first.label: row for row in found.rows}
    assert set(rows) == {TRANSFER, "target-neutral", "copy-source"}
    # Every target keeps the alpha that the first instruments chose on the others.
    assert rows[TRANSFER].second.alpha_by_target == rows[TRANSFER].first.alpha_by_target
    assert len(set(rows[TRANSFER].first.alpha_by_target.values())) > 1
    assert rows[TRANSFER].second.alpha_protocol == "leave-one-target-out"
    assert rows[TRANSFER].first.pairs == rows[TRANSFER].second.pairs == 3
    assert np.isnan(found.tau.value)


def test_one_method_comes_with_the_anchors(runs: Path) -> None:
    found = second_opinion([TRANSFER], settings(runs))
    assert len(found.rows) == 3


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"embedder": None}, "second instruments must both be named"),
        (
            {"embedder": "other"},
            r"other and colours did not measure .*bench import valenzuela2021",
        ),
        ({"benchmark": "valenzuela"}, "no runs of 'valenzuela'"),
    ],
)
def test_what_is_missing_names_the_command(
    runs: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(BenchError, match=message):
        second_opinion([], settings(runs, **changes))
