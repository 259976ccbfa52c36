"""What a perturbation of all outputs would change the scores of a board by.

Outputs of methods are not stored, so real images stand for them: those of the anchors real-target
and shuffled-source. The other two anchors cannot, since they show the very images that outputs are
compared with: an image has the distance 0 to itself and never afterwards, which no method's output
meets. Where a person has one reference image, target-neutral would make the floor of R several
times as high (0.28 beside 0.09 on ``london-64``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bench.analysis.embeddings import Indices
from bench.analysis.scores import scores_of_sums, summands
from bench.analysis.terms import mean_real_niqe, sample_terms
from bench.data.split import Pair, stranger
from bench.errors import BenchError
from bench.run.perturbed import PerturbedReadings, Reading
from metrics.perturbations import Perturbation

__all__ = ["BoardShift", "board_shifts"]


@dataclass(frozen=True, slots=True)
class BoardShift:
    """By how much the scores of an anchor's whole board change, signed; NaN where undefined.

    The outputs are perturbed and the real images they are compared with are not, as when one
    method alone writes its images to JPEG files. Whatever changes as likely up as down from image
    to image cancels in the sums that scores are made of; the shift is what is left.

    Attributes:
        anchor: whose outputs.
        expression_skill, identity_retention: change of E and of R.
        naturalness: change of NIQE of the real images / mean NIQE of the outputs: of Q without
            its upper limit of 1, at which real images are and which would hide one direction. On
            the dev part, on whose images NIQE is fitted, it is on the large side.
    """

    anchor: str
    expression_skill: float
    identity_retention: float
    naturalness: float


def board_shifts(
    read: PerturbedReadings, pairs: Sequence[Pair]
) -> dict[Perturbation, tuple[BoardShift, ...]]:
    """Shifts of the anchors real-target and shuffled-source, as far as the dataset has them.

    Args:
        read: the images of the part before and after.
        pairs: pairs of the part; self pairs do not count.
    """
    references = _references(read)
    niqe_real = mean_real_niqe(references, read.part)
    outputs = _outputs_of_anchors(read, [pair for pair in pairs if pair.kind == "cross"])
    scores = {
        anchor: _scores(read, read.original, references, niqe_real, chosen)
        for anchor, chosen in outputs.items()
    }
    return {
        perturbation: tuple(
            BoardShift(anchor, *(_scores(read, after, references, niqe_real, chosen) - before))
            for (anchor, chosen), before in zip(outputs.items(), scores.values(), strict=True)
        )
        for perturbation, after in read.perturbed.items()
    }


_Outputs = tuple[list[Pair], Indices]
"""Pairs, and for each the image (a row of the readings) that stands for the output."""


def _outputs_of_anchors(read: PerturbedReadings, pairs: Sequence[Pair]) -> Mapping[str, _Outputs]:
    rows = {(sample.identity, sample.name): row for row, sample in enumerate(read.samples)}
    expressions = {(sample.identity, sample.name): sample.expression for sample in read.samples}
    showing = {
        (sample.identity, sample.expression): row
        # The first of several, as the anchor takes.
        for row, sample in reversed(list(enumerate(read.samples)))
        if not sample.is_reference
    }
    candidates = [
        (identity, name, expressions[identity, name])
        for identity, name in sorted({(pair.source, pair.sample) for pair in pairs})
    ]
    chosen: dict[str, list[int | None]] = {
        "real-target": [
            showing.get((pair.target, expressions[pair.source, pair.sample])) for pair in pairs
        ],
        "shuffled-source": [rows.get(_stranger(pair, candidates)) for pair in pairs],
    }
    found = {}
    for anchor, images in chosen.items():
        kept = [(pair, row) for pair, row in zip(pairs, images, strict=True) if row is not None]
        if kept:
            found[anchor] = ([pair for pair, _ in kept], np.array([row for _, row in kept]))
    return found


def _stranger(pair: Pair, candidates: list[tuple[str, str, str]]) -> tuple[str, str]:
    try:
        return stranger(pair, candidates)
    except BenchError:
        return "", ""  # no image is called that: the part has no third person


def _scores(
    read: PerturbedReadings,
    outputs: Reading,
    references: pd.DataFrame,
    niqe_real: float,
    chosen: _Outputs,
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """E, R and Q without its limit, (3,), if the outputs were these images."""
    pairs, rows = chosen
    table = pd.DataFrame(
        {
            "part": [pair.part for pair in pairs],
            "source": [pair.source for pair in pairs],
            "sample": [pair.sample for pair in pairs],
            "target": [pair.target for pair in pairs],
            "kind": [pair.kind for pair in pairs],
            "alpha": np.nan,
            **_features(outputs, read.action_units, rows),
        }
    )
    sums = summands(sample_terms(table, references, read.action_units)).sum(axis=0)
    scores = scores_of_sums(sums, niqe_real)
    niqe, count = sums[-2:]
    unlimited = niqe_real * count / niqe if niqe > 0 else np.nan
    return np.array([scores.expression_skill, scores.identity_retention, unlimited])


def _references(read: PerturbedReadings) -> pd.DataFrame:
    every = np.arange(len(read.samples))
    return pd.DataFrame(
        {
            "identity": [sample.identity for sample in read.samples],
            "sample": [sample.name for sample in read.samples],
            "expression": [sample.expression for sample in read.samples],
            "part": read.part,
            "is_reference": [sample.is_reference for sample in read.samples],
            "is_neutral": read.is_neutral,
            **_features(read.original, read.action_units, every),
        }
    )


def _features(reading: Reading, action_units: Sequence[str], rows: Indices) -> dict[str, object]:
    values = reading.action_units[rows]
    return {
        "outcome": reading.outcomes[rows],
        "niqe": reading.niqe[rows],
        "embedding": list(reading.embeddings[rows]),
        **{name: values[:, column] for column, name in enumerate(action_units)},
    }
