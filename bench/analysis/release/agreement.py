"""How far instruments of today agree with released numbers on the same pictures."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.analysis.records import SCHEMA_VERSION, without_nan
from bench.analysis.stored_terms import terms_of
from bench.run.store import StoredRun
from metrics.agreement import pearson

__all__ = ["Agreement", "AgreementRow", "agreement"]

Floats = NDArray[np.float64]

DISTANCES = {"id_dist_target": "to the target", "id_dist_source": "to the source"}


@dataclass(frozen=True, slots=True)
class AgreementRow:
    """One quantity, each side in its own unit.

    Attributes:
        name: an Action Unit, or which distance.
        images: pictures that both have a number of.
        correlation: Pearson's r, -1 to 1; NaN where one side is constant.
        difference: mean of measured minus released; it says something only where both scales are
            the same.
        released, measured: the means.
    """

    name: str
    images: int
    correlation: float
    difference: float
    released: float
    measured: float


@dataclass(frozen=True, slots=True)
class Agreement:
    """Released numbers beside measured ones.

    Attributes:
        benchmark: the stored run of the measured ones.
        released, measured: per kind of instrument, its name and scale.
        action_units: those that both have.
        distances: of the outputs above alpha 0, where the distance to the target is not 0 by
            definition.
        only_released, only_measured: Action Units of one side alone.
        unread: pictures in which the AU estimator found no face, or several.
        notes: of the measured run.
    """

    benchmark: str
    released: dict[str, str]
    measured: dict[str, str]
    action_units: list[AgreementRow]
    distances: list[AgreementRow]
    only_released: tuple[str, ...]
    only_measured: tuple[str, ...]
    unread: int
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """The JSON of ``bench import ... --measure --json``; what is undefined is null."""
        plain: dict[str, Any] = without_nan({"schema_version": SCHEMA_VERSION, **asdict(self)})
        return plain


def agreement(released: StoredRun, measured: StoredRun) -> Agreement:
    """Compares two runs of the same pictures, with other instruments.

    Action Units are compared over every picture once: the outputs above alpha 0, the mean faces
    and the source photographs.
    """
    shared = [unit for unit in released.action_units if unit in measured.action_units]
    old, new = (_pictures(run) for run in (released, measured))
    both = old.index.intersection(new.index)
    unread = int((new.loc[both, "outcome"] != "ok").sum())
    distances = _distances(released).join(_distances(measured).add_suffix("_measured"), how="inner")
    return Agreement(
        benchmark=str(measured.info["benchmark"]),
        released=_instruments(released),
        measured=_instruments(measured),
        action_units=[_row(unit, old.loc[both, unit], new.loc[both, unit]) for unit in shared],
        distances=[
            _row(words, distances[name], distances[f"{name}_measured"])
            for name, words in DISTANCES.items()
        ],
        only_released=tuple(u for u in released.action_units if u not in shared),
        only_measured=tuple(u for u in measured.action_units if u not in shared),
        unread=unread,
        notes=tuple(measured.info.get("notes", ())),
    )


def _pictures(run: StoredRun) -> pd.DataFrame:
    """Features of every picture once, under a name that says which it is."""
    columns = ["outcome", *run.action_units]
    scores = run.scores[(run.scores["kind"] == "cross") & (run.scores["alpha"] > 0)]
    alphas = scores["alpha"].map("{:.6f}".format)
    names = scores["source"] + "/" + scores["sample"] + ">" + scores["target"] + " " + alphas
    real = run.references[run.references["expression"] != "photograph"]
    return pd.concat(
        [
            scores[columns].set_axis(names, axis=0),
            real[columns].set_axis(real["identity"] + "/" + real["sample"], axis=0),
        ]
    )


def _distances(run: StoredRun) -> pd.DataFrame:
    terms = terms_of(run, "dev")
    rows = terms[(terms["kind"] == "cross") & (terms["alpha"] > 0)]
    keys = rows["pair"] + " " + rows["alpha"].map("{:.6f}".format)
    return rows[list(DISTANCES)].set_axis(keys, axis=0)


def _row(name: str, released: pd.Series, measured: pd.Series) -> AgreementRow:
    first, second = (side.to_numpy(dtype=np.float64) for side in (released, measured))
    known = np.isfinite(first) & np.isfinite(second)
    first, second = first[known], second[known]
    if not first.size:
        return AgreementRow(name, 0, np.nan, np.nan, np.nan, np.nan)
    return AgreementRow(
        name,
        int(first.size),
        float(pearson(first, second)),
        float((second - first).mean()),
        float(first.mean()),
        float(second.mean()),
    )


def _instruments(run: StoredRun) -> dict[str, str]:
    cards = run.info["instruments"]
    return {
        kind: f"{cards[kind]['name']}, {cards[kind]['scale']}"
        for kind in ("embedder", "au_estimator")
    }
