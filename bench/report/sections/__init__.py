"""The sections of the report, in reading order: what each says, whatever it is written as."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from bench.report.contents import ReportInput
from bench.report.sections import (
    action_units,
    comparison,
    explorer,
    failures,
    groups,
    instruments,
    over_alpha,
    paper_figures,
    provenance,
    ranking,
    trade_off,
)
from bench.report.sections.base import Section

__all__ = ["TITLES", "collect_sections"]

TITLES: Final[Mapping[str, str]] = {
    "ranking": "Ranking",
    "comparison": "The two methods compared",
    "trade-off": "Identity against expression",
    "explorer": "Alpha, picture by picture",
    "over-alpha": "Over alpha",
    "paper-figures": "Figures of the reference paper",
    "action-units": "Action Units",
    "groups": "Groups of people",
    "failures": "Failures and disagreements",
    "instruments": "Instruments",
    "provenance": "Provenance",
}
"""Name, on the page and in JSON -> heading, in the order of the report."""

_COLLECT: Final[Mapping[str, Callable[[ReportInput], Section | None]]] = {
    "ranking": ranking.collect,
    "comparison": comparison.collect,
    "trade-off": trade_off.collect,
    "explorer": explorer.collect,
    "over-alpha": over_alpha.collect,
    "paper-figures": paper_figures.collect,
    "action-units": action_units.collect,
    "groups": groups.collect,
    "failures": failures.collect,
    "instruments": instruments.collect,
    "provenance": provenance.collect,
}


def collect_sections(report: ReportInput) -> dict[str, Section]:
    """The sections that have something to say, by name, in the order of the report."""
    collected = {name: _COLLECT[name](report) for name in TITLES}
    return {name: section for name, section in collected.items() if section is not None}
