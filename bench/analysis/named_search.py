"""Everything that ``bench alpha-search`` found, with the names that belong to it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.analysis.alpha import AlphaSearch, alpha_search
from bench.analysis.alpha_refinement import Refinement
from bench.analysis.alpha_study import FIXED_ALPHA, AlphaStudy, study_alpha
from bench.analysis.statistics.alpha_curves import Criterion
from bench.analysis.stored import dev_terms, searching
from bench.analysis.terms import mean_real_niqe
from bench.data.split import Part
from bench.errors import BenchError
from bench.run.store import StoredRun

__all__ = ["NamedSearch", "RowsRead", "named_search"]


@dataclass(frozen=True, slots=True)
class RowsRead:
    """What was read from disk of one part: rows of measured outputs, and real images."""

    outputs: int
    real_images: int


@dataclass(frozen=True, slots=True, eq=False)
class NamedSearch:
    """An alpha search of one method on one benchmark.

    Attributes:
        benchmark: its full name.
        method: its name.
        label: the method with the parameters that were set.
        search: the choice of alpha that boards use.
        study: the other criteria and protocols, and how sure the choice is.
        read: what was read of each part: the test part is sealed.
        refinement: alpha* between grid points; None where nobody asked for it.
        imported: whether the measurements came from elsewhere, so that no image can be made.
    """

    benchmark: str
    method: str
    label: str
    search: AlphaSearch
    study: AlphaStudy
    read: dict[Part, RowsRead]
    refinement: Refinement | None = None
    imported: bool = False

    def to_dict(self) -> dict[str, Any]:
        """The JSON of ``bench alpha-search --json``; what is undefined or none is null."""
        return {
            **self.search.to_dict(benchmark=self.benchmark, method=self.method),
            **self.study.to_dict(),
            "rows_read": {
                part: {"outputs": found.outputs, "real_images": found.real_images}
                for part, found in self.read.items()
            },
            "refined": None if self.refinement is None else self.refinement.to_dict(),
        }


def named_search(
    run: StoredRun,
    pairs: Collection[str] | None = None,
    alphas: Sequence[float] | None = None,
    *,
    by: Criterion = "au",
    fixed: float | None = None,
) -> NamedSearch:
    """Everything that the dev rows of a stored run say about alpha.

    Args:
        run: the run.
        pairs: dev pairs to choose on; None for all that are stored.
        alphas: grid to choose from; None for all alphas that are stored.
        by: the criterion of the protocols.
        fixed: the alpha of the protocol ``fixed``, one of the grid; None for ``FIXED_ALPHA`` or
            what is nearest to it.

    Raises:
        BenchError: there are no complete dev rows, or ``fixed`` is not on the grid.
    """
    terms = dev_terms(run, pairs, alphas)
    niqe_real = mean_real_niqe(run.references, "dev")
    with searching(run):
        search = alpha_search(terms, niqe_real)
        grid = search.curve["alpha"].to_numpy(dtype=np.float64)
        if fixed is not None and not np.isclose(grid, fixed, atol=1e-6).any():
            raise BenchError(
                f"--fixed {fixed:g} is not on the grid of alphas",
                hint=f"there: {', '.join(f'{alpha:g}' for alpha in grid)}",
            )
        study = study_alpha(terms, niqe_real, by=by, fixed=FIXED_ALPHA if fixed is None else fixed)
    return NamedSearch(
        benchmark=str(run.info["benchmark"]),
        method=run.method,
        label=run.label,
        search=search,
        study=study,
        read=_rows_read(run),
    )


def _rows_read(run: StoredRun) -> dict[Part, RowsRead]:
    parts: tuple[Part, ...] = ("dev", "test")
    return {
        part: RowsRead(
            int((run.scores["part"] == part).sum()), int((run.references["part"] == part).sum())
        )
        for part in parts
    }
