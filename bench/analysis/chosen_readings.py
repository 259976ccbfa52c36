"""What was read of the outputs of methods at their alphas on the board, without any embedding."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.analysis.embeddings import Floats, Indices
from bench.analysis.real_images import (
    PairImages,
    RealImages,
    images_of_pairs,
    real_images,
    usable_pairs,
)
from bench.run.store import StoredRun
from metrics.measures.errors import mean_absolute_errors

__all__ = ["ChosenReadings", "ChosenRows", "chosen_places"]

_KEY_COLUMNS = ["part", "source", "sample", "target", "kind", "alpha", "outcome"]


@dataclass(frozen=True, slots=True, eq=False)
class ChosenReadings:
    """N cross pairs of a run at one alpha each, sorted by their keys, and A Action Units.

    Attributes:
        run: the stored run.
        places: (N,) their rows in ``run.scores``.
        keys: (N,) of the pairs, as text.
        rows: (N) part, source, sample, target, kind, alpha, outcome.
        ok: (N,) whether the output could be made and read.
        output: (N, A) a(y); of a failed pair the real image that it counts as: of target-neutral,
            copy-source and shuffled-source the one with the largest mean absolute error there.
        real: the real images of the part.
        images: which of them each pair is about, but for the stranger's.
    """

    run: StoredRun
    places: Indices
    keys: NDArray[np.object_]
    rows: pd.DataFrame
    ok: NDArray[np.bool_]
    output: Floats
    real: RealImages
    images: PairImages

    def __len__(self) -> int:
        return len(self.ok)

    @property
    def action_units(self) -> tuple[str, ...]:
        """The A names."""
        return self.run.action_units

    @property
    def source(self) -> Floats:
        """(N, A) what the source shows: as labelled where labels count, else as read."""
        return self.real.wanted[self.images.source_images]

    @property
    def source_neutral(self) -> Floats:
        """(N, A) of the source person's neutral face."""
        return self.real.wanted[self.real.neutrals[self.images.sources]]

    @property
    def target_neutral(self) -> Floats:
        """(N, A) of the target's neutral face."""
        return self.real.action_units[self.real.neutrals[self.images.targets]]

    @property
    def expression_changes(self) -> Floats:
        """(N,) |ds|^2, the expression error of doing nothing."""
        return np.asarray(np.square(self.source - self.source_neutral).sum(axis=1))

    @property
    def unit_changes(self) -> Floats:
        """(N, A) dy - ds: the change of the output less that of the source."""
        wanted = self.source - self.source_neutral
        return np.asarray(self.output - self.target_neutral - wanted)

    def identity_distances(self, pairs: Indices) -> Floats:
        """(2, P) distances, 0 to 2, of the outputs of some pairs to target and source; NaN where
        unknown."""
        distances = self.real.distances.of_outputs(
            self.run.scores.iloc[self.places[pairs]],
            self.ok[pairs],
            self.images.targets[pairs],
            self.images.sources[pairs],
        )
        return np.asarray(distances[:2])


def chosen_places(
    scores: pd.DataFrame,
    part: str,
    alpha: float | None = None,
    alpha_by_target: Mapping[str, float] | None = None,
    pairs: Collection[str] | None = None,
) -> Indices:
    """Positions of the rows of a table of scores that are of a part and at the board's alpha.

    Args:
        scores: one row per pair and alpha.
        part: ``dev`` or ``test``.
        alpha: of all targets; None for a method without alpha.
        alpha_by_target: where each target has its own.
        pairs: keys of the pairs; None for all.
    """
    places: Indices = np.arange(len(scores))
    wanted: object = alpha
    if alpha is None and alpha_by_target:
        wanted = [alpha_by_target.get(name, np.nan) for name in _texts(scores, "target")]
    if wanted is not None:
        apart = scores["alpha"].to_numpy(dtype=np.float64) - np.asarray(wanted, dtype=np.float64)
        places = np.flatnonzero(np.abs(apart) < 5e-7)
    # Text is slow to compare: the fewest rows last.
    places = places[(scores["part"].iloc[places] == part).to_numpy(dtype=bool)]
    if pairs is None:
        return np.asarray(places)
    keys = _pair_keys(scores.iloc[places])
    known = frozenset(pairs)
    chosen = np.fromiter((key in known for key in keys), dtype=bool, count=len(keys))
    return np.asarray(places[chosen])


def _pair_keys(rows: pd.DataFrame) -> list[str]:
    columns = (_texts(rows, name) for name in ("source", "sample", "target"))
    return [f"{source}/{sample}>{target}" for source, sample, target in zip(*columns, strict=True)]


def _texts(rows: pd.DataFrame, name: str) -> list[str]:
    """A column of texts; many times faster than to go through the column itself."""
    texts: list[str] = rows[name].to_numpy(dtype=object).tolist()
    return texts


class ChosenRows:
    """Reads runs of one benchmark, all on the same part and pairs.

    Args:
        part: the part of the board.
        pairs: keys of the pairs; None for all that are stored.
    """

    def __init__(self, part: str, pairs: Collection[str] | None = None) -> None:
        self._part, self._pairs = part, None if pairs is None else frozenset(pairs)
        # Runs that were read together share their table of real images.
        self._real: dict[int, tuple[pd.DataFrame, RealImages]] = {}

    def read(
        self,
        run: StoredRun,
        alpha: float | None = None,
        alpha_by_target: Mapping[str, float] | None = None,
    ) -> ChosenReadings:
        """The cross pairs of a run; those with an unreadable real image are left out, as ever.

        Args:
            run: the stored run.
            alpha, alpha_by_target: as in ``chosen_places``.

        Raises:
            ValueError: the tables of the run contradict themselves.
        """
        places = chosen_places(run.scores, self._part, alpha, alpha_by_target, self._pairs)
        rows = run.scores[_KEY_COLUMNS].iloc[places]
        cross = (rows["kind"] == "cross").to_numpy(dtype=bool)
        rows, places = rows[cross], places[cross]
        keys = np.array(_pair_keys(rows), dtype=object)
        order = np.argsort(keys, kind="stable")
        rows = rows.iloc[order].reset_index(drop=True)
        keys, places = keys[order], places[order]
        real = self._real_images(run)
        images = _without_strangers(rows, real)
        usable = usable_pairs(images, real)
        if not usable.all():
            rows = rows[usable].reset_index(drop=True)
            keys, places = keys[usable], places[usable]
            images = _without_strangers(rows, real)
        ok = (rows["outcome"] == "ok").to_numpy(dtype=bool)
        units = list(run.action_units)
        output = run.scores[units].iloc[places].to_numpy(dtype=np.float64, copy=True)
        if not ok.all():
            failed = np.flatnonzero(~ok)
            source = real.wanted[images.source_images[failed]]
            output[failed] = _worst_anchors(rows.iloc[failed], real, source)
        return ChosenReadings(
            run=run,
            places=places,
            keys=keys,
            rows=rows,
            ok=ok,
            output=output,
            real=real,
            images=images,
        )

    def _real_images(self, run: StoredRun) -> RealImages:
        known = self._real.get(id(run.references))
        if known is None:
            rows = run.references[run.references["part"] == self._part]
            # With the table itself, so that no other one gets its id.
            known = run.references, real_images(rows, list(run.action_units))
            self._real[id(run.references)] = known
        return known[1]


def _without_strangers(rows: pd.DataFrame, real: RealImages) -> PairImages:
    """The images of pairs but for the stranger's, which takes long to find.

    Raises:
        ValueError: the references lack an image.
    """
    people = {name: place for place, name in enumerate(real.identities)}
    images = {
        key: place
        for place, key in enumerate(zip(real.table["identity"], real.table["sample"], strict=True))
    }
    sources = _texts(rows, "source")
    found = [
        [people.get(name, -1) for name in sources],
        [people.get(name, -1) for name in _texts(rows, "target")],
        [images.get(key, -1) for key in zip(sources, _texts(rows, "sample"), strict=True)],
    ]
    places = np.array(found, dtype=np.intp).reshape(3, len(rows))
    missing = (places < 0).any(axis=0)
    if missing.any():
        key = _pair_keys(rows.iloc[[int(missing.argmax())]])[0]
        raise ValueError(f"references lacks real images of pair {key}")
    nobody = np.full(len(rows), -1, dtype=np.intp)
    return PairImages(places[0], places[1], places[2], strangers=nobody)


def _worst_anchors(rows: pd.DataFrame, real: RealImages, source: Floats) -> Floats:
    """(F, A) the Action Units of the anchor that does worst at each of F failed pairs."""
    found = images_of_pairs(rows, real)
    images = np.stack([real.neutrals[found.targets], found.source_images, found.strangers])
    values = real.action_units[images]
    known = (images >= 0) & real.readable[images]
    errors = [mean_absolute_errors(anchor, source) for anchor in values]
    worst = np.argmax(np.where(known, errors, -np.inf), axis=0)
    return np.asarray(values[worst, np.arange(len(rows))])
