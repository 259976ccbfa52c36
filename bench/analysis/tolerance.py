"""How far two measurements of one image may be apart, and how far two runs of one method are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from bench.data.split import Pair

__all__ = ["TERMS", "TOLERANCE", "Agreement", "compare_rows", "compare_runs"]

TOLERANCE: Final = 0.01
"""Of a term's size, see ``compare_rows``: further apart are not two measurements of one image.

On one machine, other batch sizes, numbers of threads and of processes change nothing
(``tests/run/test_determinism.py``); float32 rounds the terms of a board's entry by 6e-8.
Processors round differently: without AVX2 and fused multiply-add 1,240 images of glow-arith, where
a few pixels come to lie on the next grey level, differed by up to 4.2e-3 in NIQE and 1.6e-3 in the
other terms (synthfaces; the mean NIQE by 1.4e-5), those of other methods by 2e-5. One per cent is
more than twice that, and far less than an interval.
"""

ODD_SHARE: Final = 0.01
"""Of the rows of two runs, that may be further apart: a pixel can decide where an image is flat,
and so which patches NIQE looks at. In those 1,240 images none was."""

LEAST_SIZE: Final = 1e-4
"""Terms of exact copies are 0, and their rounding is no hundredth of that."""

TERMS: Final = (
    "expression_error", "au_mse", "au_mae", "id_dist_target", "id_dist_source", "niqe"
)  # fmt: skip
"""What is measured on an output, of which every score is made."""

KEYS: Final = ["part", "source", "sample", "target", "alpha"]
EXAMPLES: Final = 5


@dataclass(frozen=True, slots=True)
class Agreement:
    """How near the rows of two runs of one method are.

    Attributes:
        rows: how many both have: pairs at the same alpha.
        largest: by term, the largest difference as a share of the term's size.
        apart: one sentence for each row that is further apart than ``TOLERANCE``.
    """

    rows: int
    largest: Mapping[str, float]
    apart: tuple[str, ...]

    @property
    def is_same(self) -> bool:
        """Whether machines alone may differ so much."""
        return len(self.apart) <= ODD_SHARE * self.rows

    @property
    def sentence(self) -> str:
        """What it says of the two."""
        begin = (
            "Both are the same method with the same data and instruments. "
            f"Of {self.rows} rows that both have"
        )
        if not any(self.largest.values()) and not self.apart:
            return f"{begin} all are the same to the last digit."
        said = (
            f"{begin} {len(self.apart) or 'none'} differ by more than the {TOLERANCE:.0%} of a "
            "term by which machines may differ"
        )
        if not self.is_same:
            return f"{said}: more than the machine is another. Such as {self.apart[0]}."
        name = max(self.largest, key=lambda term: self.largest[term])
        return f"{said} (at most {self.largest[name]:.2g} of {name}): the two are the same."

    def to_dict(self) -> dict[str, Any]:
        """JSON values; of the rows that are apart the first few stand as examples."""
        return {
            "is_same": self.is_same,
            "rows": self.rows,
            "tolerance": TOLERANCE,
            "largest_differences": dict(self.largest),
            "rows_apart": len(self.apart),
            "examples": list(self.apart[:EXAMPLES]),
        }


def compare_runs(first: pd.DataFrame, second: pd.DataFrame) -> Agreement | None:
    """Compares two runs of one method, as two machines made them.

    Args:
        first, second: ``sample_terms`` of one part; the rows that both have are compared.

    Returns:
        None if they have no row in common.
    """
    one, other = _keyed(first), _keyed(second)
    common = one.merge(other[KEYS], on=KEYS)
    if common.empty:
        return None
    part = str(common["part"].iloc[0])
    largest, apart = compare_rows(one, other.merge(common[KEYS], on=KEYS), {part: TERMS})
    return Agreement(len(common), largest, tuple(apart))


def compare_rows(
    stored: pd.DataFrame, made: pd.DataFrame, compared: Mapping[str, Sequence[str]]
) -> tuple[dict[str, float], list[str]]:
    """Stored terms beside those of the same rows made again.

    A difference is taken as a share of the term's size: of its stored value or of the mean of its
    stored values over the part at that alpha, whichever is larger, and of no less than
    ``LEAST_SIZE``. What passes for every pair moves their sum by no more than twice the tolerance.

    Args:
        stored: part, source, sample, target, alpha, outcome and ``TERMS``.
        made: the same columns, fewer rows.
        compared: which terms, by part.

    Returns:
        The largest share by term, and one line for each row with a share above ``TOLERANCE``, with
        another outcome, or without a stored row.
    """
    made, stored = _keyed(made), _keyed(stored)
    terms = list(TERMS)
    alike = stored[terms].abs().groupby([stored["part"], stored["alpha"]], dropna=False)
    known = stored.join(alike.transform("mean").add_suffix("_usual"))
    rows = made.merge(known, on=KEYS, how="left", suffixes=("", "_stored"), indicator="found")
    largest: dict[str, float] = {}
    problems: dict[int, list[str]] = {}
    for part, names in compared.items():
        mine = rows[(rows["part"] == part) & (rows["found"] == "both")]
        for name in names if len(mine) else ():
            columns = mine[[name, f"{name}_stored", f"{name}_usual"]]
            new, old, usual = columns.to_numpy(dtype=np.float64).T
            share = np.abs(new - old) / np.fmax(np.fmax(np.abs(old), usual), LEAST_SIZE)
            share = np.where(np.isnan(old) & np.isnan(new), 0.0, share)
            largest[name] = max(largest.get(name, 0.0), float(np.nan_to_num(share).max()))
            for place in np.flatnonzero(~(share <= TOLERANCE)):
                text = f"{name} is {old[place]:.6g} and comes out as {new[place]:.6g}"
                problems.setdefault(int(mine.index[place]), []).append(text)
    for index, row in enumerate(rows.itertuples()):
        if row.found != "both":
            problems[index] = ["it is not among the stored scores"]
        elif row.outcome != row.outcome_stored:
            problems[index] = [
                f"its outcome is {row.outcome_stored} and comes out as {row.outcome}"
            ]
    return largest, [
        f"{_row_name(rows.loc[place])}: {'; '.join(texts)}"
        for place, texts in sorted(problems.items())
    ]


def _keyed(table: pd.DataFrame) -> pd.DataFrame:
    """Alphas as they are stored, and the columns that are compared."""
    rows = table.assign(alpha=table["alpha"].astype(np.float64).round(6))
    return rows[[*KEYS, "outcome", *TERMS]]


def _row_name(row: pd.Series) -> str:
    pair = Pair(row["part"], row["source"], row["sample"], row["target"])
    at = "" if np.isnan(row["alpha"]) else f" at alpha {row['alpha']:g}"
    return f"{row['part']} pair {pair.key}{at}"
