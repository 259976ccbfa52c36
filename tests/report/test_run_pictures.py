"""Pictures found again: by pair and alpha, of new runs, of old ones and of none."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bench.data.split import Pair
from bench.report.pictures import Pictures
from bench.run.gallery import (
    choose_gallery,
    fixed_order,
    output_path,
    real_path,
    reconstruction_path,
    reference_path,
    thumbnail_path,
)
from bench.run.store import StoredRun
from bench.run.timings import Timings

PEOPLE = ("a", "b b", "../c", "x" * 200)
PAIRS = [Pair("test", s, "smile", t) for s in PEOPLE for t in PEOPLE if s != t]
ALPHAS = (0.0, 0.3125, 0.5, 1.0)


def stored_run(
    folder: Path, method: str, pairs: Sequence[Pair], *, anchor: bool = False
) -> StoredRun:
    """A run whose tables name these pairs; no picture yet."""
    alphas = (np.nan,) if anchor else ALPHAS
    scores = pd.DataFrame(
        [(p.part, p.source, p.sample, p.target, p.kind, alpha) for p in pairs for alpha in alphas],
        columns=["part", "source", "sample", "target", "kind", "alpha"],
    )
    references = pd.DataFrame(
        [
            (who, name, name == "n", name != "smile")
            for who in PEOPLE
            for name in ("n", "r", "smile")
        ],
        columns=["identity", "sample", "is_neutral", "is_reference"],
    )
    info = {"method": {"name": method, "is_anchor": anchor, "has_alpha": not anchor}}
    return StoredRun(folder / method, info, scores, references, Timings())


def put(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"a picture")
    return path


@pytest.fixture
def run(tmp_path: Path) -> StoredRun:
    """A run with the pictures that ``bench run`` keeps."""
    run = stored_run(tmp_path, "method", PAIRS)
    gallery = choose_gallery(PAIRS)
    for pair in PAIRS:
        if pair not in gallery.pairs:
            put(thumbnail_path(run.folder, pair, 0.5))
            continue
        for alpha in ALPHAS:
            put(output_path(run.folder, pair, alpha))
        for role in ("source", "source-neutral", "target-neutral"):
            put(real_path(run.folder, pair, role))
        for who in (pair.source, pair.target):
            put(reference_path(run.folder, who, "n"))
            put(reference_path(run.folder, who, "r"))
        put(reconstruction_path(run.folder, pair.source, "smile"))
    return run


def test_the_gallery_is_found_again_in_its_order(run: StoredRun) -> None:
    pictures = Pictures({"m": run}, "test")
    chosen = choose_gallery(PAIRS)
    assert pictures.pairs == chosen.pairs
    assert pictures.same_target == chosen.same_target
    assert pictures.same_sample == chosen.same_sample


def test_outputs_are_found_at_exactly_their_alpha(run: StoredRun) -> None:
    pictures = Pictures({"m": run}, "test")
    shown = pictures.pairs[0]
    assert pictures.alphas("m", shown) == ALPHAS
    for alpha in ALPHAS:
        assert pictures.output("m", shown, alpha) == output_path(run.folder, shown, alpha)
    assert pictures.output("m", shown, 0.312) is None
    assert pictures.output("m", shown, None) is None
    assert pictures.output("unknown", shown, 0.5) is None


def test_a_thumbnail_is_the_output_itself_where_that_is_stored(run: StoredRun) -> None:
    pictures = Pictures({"m": run}, "test")
    shown = pictures.thumbnail("m", pictures.pairs[0], 0.5)
    assert shown is not None
    assert (shown.path.suffix, shown.alpha, shown.is_small) == (".png", 0.5, False)
    other = next(pair for pair in PAIRS if pair not in pictures.pairs)
    small = pictures.thumbnail("m", other, 0.5)
    assert small is not None
    assert (small.path, small.is_small) == (thumbnail_path(run.folder, other, 0.5), True)
    # The run chose another alpha than the board: the picture says of which it is.
    near = pictures.thumbnail("m", other, 0.9)
    assert near is not None
    assert (near.path, near.alpha) == (small.path, 0.5)
    assert pictures.thumbnail("m", other, None) is None


def test_real_images_come_from_any_run_and_from_the_anchors(run: StoredRun, tmp_path: Path) -> None:
    copied = stored_run(tmp_path, "copy-source", PAIRS, anchor=True)
    nothing = stored_run(tmp_path, "nothing", PAIRS)
    runs = {"none": nothing, "m": run, "copy": copied}
    pictures = Pictures(runs, "test")
    shown = pictures.pairs[0]
    assert pictures.real(shown, "target-neutral") == real_path(run.folder, shown, "target-neutral")
    other = next(pair for pair in PAIRS if pair not in pictures.pairs)
    assert pictures.real(other, "source") is None
    copy = put(thumbnail_path(copied.folder, other, None))
    assert pictures.real(other, "source") == copy
    # A neutral face that some pair of the gallery has serves all pairs of that person.
    assert pictures.real(other, "source-neutral") is not None


def test_a_method_called_like_an_anchor_shows_no_real_image(run: StoredRun, tmp_path: Path) -> None:
    fake = stored_run(tmp_path, "copy-source", PAIRS)
    other = next(pair for pair in PAIRS if pair not in choose_gallery(PAIRS).pairs)
    put(thumbnail_path(fake.folder, other, 0.5))
    assert Pictures({"m": run, "fake": fake}, "test").real(other, "source") is None


def test_references_and_reconstructions_are_found_by_person(run: StoredRun) -> None:
    pictures = Pictures({"m": run}, "test")
    shown = pictures.pairs[0]
    assert [path.name for path in pictures.references(shown.source)] == [
        reference_path(run.folder, shown.source, name).name for name in ("n", "r")
    ]
    assert pictures.references("nobody") == ()
    assert pictures.neutral(shown.source) == "n"
    assert set(pictures.reconstructed("m")) == {(p.source, "smile") for p in pictures.pairs}
    for who, sample in pictures.reconstructed("m"):
        assert pictures.original(who, sample) is not None
        assert pictures.reconstruction("m", who, sample) is not None
    assert pictures.original("nobody", "smile") is None


def test_a_run_of_an_earlier_version_has_six_pairs_and_nothing_else(tmp_path: Path) -> None:
    run = stored_run(tmp_path, "old", PAIRS)
    for pair in fixed_order(PAIRS)[:6]:
        for alpha in (0.0, 0.5):
            put(output_path(run.folder, pair, alpha))
        put(real_path(run.folder, pair, "source"))
    pictures = Pictures({"m": run}, "test")
    assert pictures.pairs[:1] == tuple(fixed_order(PAIRS)[:1])
    assert set(pictures.pairs) == set(fixed_order(PAIRS)[:6])
    shown = pictures.pairs[0]
    assert pictures.alphas("m", shown) == (0.0, 0.5)
    assert pictures.references(shown.source) == ()
    assert pictures.reconstructed("m") == ()
    assert pictures.real(shown, "source-neutral") is None
    assert pictures.thumbnail("m", fixed_order(PAIRS)[7], 0.5) is None


def test_outputs_alone_make_no_gallery(tmp_path: Path) -> None:
    run = stored_run(tmp_path, "all", PAIRS)
    for pair in PAIRS:
        put(output_path(run.folder, pair, 0.5))
    pictures = Pictures({"m": run}, "test")
    assert pictures.pairs == ()
    assert pictures.output("m", PAIRS[3], 0.5) is not None


def test_runs_without_pictures_and_no_runs_have_none(tmp_path: Path) -> None:
    for runs in ({}, {"m": stored_run(tmp_path, "bare", PAIRS)}):
        pictures = Pictures(runs, "test")
        assert pictures.pairs == pictures.same_target == pictures.same_sample == ()
        assert pictures.alphas("m", PAIRS[0]) == ()
        assert pictures.output("m", PAIRS[0], 0.5) is None
        assert pictures.thumbnail("m", PAIRS[0], 0.5) is None
        assert pictures.real(PAIRS[0], "source") is None
        assert pictures.real(PAIRS[0], "source-neutral") is None


def test_pairs_that_the_board_leaves_out_are_left_out(run: StoredRun) -> None:
    first = choose_gallery(PAIRS).pairs[0]
    pictures = Pictures({"m": run}, "test", [one.key for one in PAIRS if one != first])
    assert pictures.pairs
    assert first not in pictures.pairs
    assert Pictures({"m": run}, "dev").pairs == ()
