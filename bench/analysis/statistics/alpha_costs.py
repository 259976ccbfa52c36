"""What it costs to choose alpha on the wrong data: oracle, dev and fixed side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from bench.analysis.board import Estimate
from bench.analysis.bootstrap import Draws, resample_sums
from bench.analysis.statistics.alpha_curves import SUMMANDS, PairSums
from bench.analysis.statistics.quantities import QUANTITIES, quantity_of_sums

__all__ = ["DIFFERENCES", "AlphaCosts", "Protocol", "alpha_costs"]

Floats = NDArray[np.float64]

Protocol = Literal["oracle", "dev", "fixed"]
"""Every pair at the alpha that is best for it with hindsight; at an alpha that was chosen on other
people; all pairs at one given alpha."""

DIFFERENCES: Final[tuple[tuple[Protocol, Protocol], ...]] = (
    ("oracle", "dev"),
    ("fixed", "dev"),
    ("fixed", "oracle"),
)


@dataclass(frozen=True, slots=True, eq=False)
class AlphaCosts:
    """One quantity of the protocols on the same pairs.

    Attributes:
        values: by protocol.
        differences: of the pairs of protocols in ``DIFFERENCES``, the first minus the second: how
            much the oracle flatters a method, and what a fixed alpha costs it. Paired: the same
            people are resampled for both.
    """

    values: dict[Protocol, Estimate]
    differences: dict[tuple[Protocol, Protocol], Estimate]


def alpha_costs(
    sums: PairSums, draws: Draws, chosen: Mapping[Protocol, Floats], *, niqe_real: float
) -> dict[str, AlphaCosts]:
    """What each protocol of choosing alpha reports on the same pairs, by name in ``QUANTITIES``.

    The alphas are taken as given: they are not chosen again in each resample. A failed pair counts
    as the worst anchor there.

    Args:
        sums: P pairs over A alphas.
        draws: resamples of all people in the pairs.
        chosen: (P,) the alpha of every pair, by protocol.
        niqe_real: mean NIQE of the part's real images.

    Raises:
        ValueError: an alpha was not run.
    """
    columns = [sums.at(alphas) for alphas in chosen.values()]
    resampled = resample_sums(sums.pairs, draws, np.concatenate(columns, axis=1))

    def of_protocol(totals: Floats, place: int, name: str) -> Floats:
        part = totals[..., place * SUMMANDS : (place + 1) * SUMMANDS]
        return quantity_of_sums(part, name=name, niqe_real=niqe_real)

    costs = {}
    for name in QUANTITIES:
        found = {
            protocol: resampled.quantity(partial(of_protocol, place=place, name=name))
            for place, protocol in enumerate(chosen)
        }
        costs[name] = AlphaCosts(
            values={protocol: Estimate.of(value) for protocol, value in found.items()},
            differences={
                (first, second): Estimate.of(found[first] - found[second])
                for first, second in DIFFERENCES
                if first in found and second in found
            },
        )
    return costs
