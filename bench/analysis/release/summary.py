"""Everything that imported measurements say, as one value and as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from bench.analysis.records import SCHEMA_VERSION, without_nan
from bench.analysis.release.comparison import Comparison, compare_with_nothing
from bench.analysis.release.identity import IdentityCurve, identity_curves
from bench.analysis.release.oracle import OracleShare, PairAlpha, oracle_shares, pair_alphas
from bench.analysis.release.resampling import draws_of, few_warning
from bench.analysis.release.unit_errors import Hardest, UnitError, unit_errors
from bench.analysis.stored_terms import terms_of
from bench.errors import BenchError
from bench.run.store import StoredRun

__all__ = ["ReleaseSummary", "summarise_release"]


@dataclass(frozen=True, slots=True)
class ReleaseSummary:
    """What a release says.

    Attributes:
        benchmark, method: of the stored run.
        sources, targets, expressions: names, sorted.
        alphas: those above 0, ascending.
        action_units: names of the columns.
        pair_alphas: the oracle alphas, see ``PairAlpha``.
        shares: where they lie.
        identity: curves and crossovers.
        unit_errors: by error, largest first.
        hardest: beside what the paper says.
        comparisons: with doing nothing.
        warning: why not to rely on the intervals; empty if there is no reason.
        notes: of the run.
    """

    benchmark: str
    method: str
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    expressions: tuple[str, ...]
    alphas: tuple[float, ...]
    action_units: tuple[str, ...]
    pair_alphas: list[PairAlpha]
    shares: list[OracleShare]
    identity: list[IdentityCurve]
    unit_errors: list[UnitError]
    hardest: list[Hardest]
    comparisons: list[Comparison]
    warning: str
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """The JSON of ``bench import --json``; what is undefined or none is null."""
        values = asdict(self)
        for row, share in zip(values["shares"], self.shares, strict=True):
            row["share"] = share.share
        plain: dict[str, Any] = without_nan({"schema_version": SCHEMA_VERSION, **values})
        return plain


def summarise_release(transfer: StoredRun, nothing: StoredRun) -> ReleaseSummary:
    """Summarises imported runs.

    Args:
        transfer: the outputs over alpha, the mean faces at alpha 0 among them.
        nothing: the ``target-neutral`` of the same release.

    Raises:
        BenchError: there is no transfer to another person.
    """
    terms = terms_of(transfer, "dev")
    cross = terms[terms["kind"] == "cross"]
    above = np.sort(cross.loc[cross["alpha"] > 0, "alpha"].unique())
    if not len(above):
        raise BenchError(f"{transfer.run_id} holds no transfer to another person")
    draws = draws_of(cross)
    alphas = pair_alphas(terms)
    errors, hardest = unit_errors(transfer, draws)
    return ReleaseSummary(
        benchmark=str(transfer.info["benchmark"]),
        method=transfer.method,
        sources=tuple(sorted(cross["source"].unique())),
        targets=tuple(sorted(cross["target"].unique())),
        expressions=tuple(sorted(cross["expression"].unique())),
        alphas=tuple(map(float, above)),
        action_units=transfer.action_units,
        pair_alphas=alphas,
        shares=oracle_shares(alphas, float(above[0]), float(above[-1])),
        identity=identity_curves(terms),
        unit_errors=errors,
        hardest=hardest,
        comparisons=compare_with_nothing(terms, terms_of(nothing, "dev"), draws),
        warning=few_warning(draws),
        notes=tuple(transfer.info.get("notes", ())),
    )
