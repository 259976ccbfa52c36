"""The instrument panel of a benchmark: reads, compares, and stores what a report needs of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from bench.analysis.instruments.board_shifts import BoardShift
from bench.analysis.instruments.check import InstrumentCheck, check_readings
from bench.analysis.instruments.floor import Floor, floor_of
from bench.analysis.instruments.repeatability import repeatability
from bench.analysis.records import without_nan
from bench.data.benchmark import Benchmark
from bench.data.split import Part
from bench.errors import BenchError
from bench.run.identity import measured_with
from bench.run.panels import panel_path, read_panels, write_panel
from bench.run.perturbed import PerturbedReadings, count_readings, read_perturbed
from bench.run.progress import progress_bar
from bench.run.provenance import provenance
from bench.run.readings import read_all
from bench.run.session import Session
from metrics.perturbations import SMALLEST_REDUCTION, perturbations

__all__ = ["check_instruments", "stored_floor", "stored_panel"]

OF_AGREEMENT: Final = (
    "units", "unread", "coverage", "verification", "false_match_rate", "limits", "missed",
)  # fmt: skip
"""What a panel stores of a check, beside what perturbations change."""


def check_instruments(
    benchmark: Benchmark,
    data: Path,
    out: Path,
    *,
    part: Part = "dev",
    method_resolutions: Sequence[int] = (),
    command: str = "",
) -> InstrumentCheck:
    """Checks the instruments of a benchmark and stores the floor of its boards.

    Args:
        benchmark: what to check, with which instruments.
        data: folder of the images.
        out: the folder of runs, beside which the floor is stored.
        part: whose images are perturbed.
        method_resolutions: sides to reduce images to; by default the smaller ones that the
            dataset's card offers.
        command: what the user typed, for the provenance.

    Raises:
        BenchError: data, weights or packages are missing, or the floor cannot be stored.
    """
    panel = perturbations(_sides(benchmark, method_resolutions))
    # A file that cannot be added to is found before the work, not after it.
    read_panels(out, benchmark.name)
    with Console(stderr=True).status("reading images, loading instruments"):
        session = Session(benchmark, data)
    total = count_readings(session, part, panel)
    with progress_bar(f"reading {benchmark.name}", total) as advance:
        readings = read_all(session, part, advance)
        perturbed = read_perturbed(session, part, panel, advance)
    scale = session.instruments.au_estimator.card.scale
    repeated = repeatability(perturbed, benchmark.pairs(part), scale)
    check = check_readings(readings, benchmark.name, repeated)
    write_panel(out, benchmark.name, _record(benchmark, perturbed, check, command))
    return check


def stored_floor(
    runs: Path, benchmark: str, made_with: Sequence[Mapping[str, Any]]
) -> Floor | None:
    """The floor of a board, measured with the very data and instruments of its runs.

    Args:
        runs: the folder of runs.
        benchmark: its name.
        made_with: ``identity.parts`` of each run on the board.

    Returns:
        None if there is none, or it belongs to other data or instruments.

    Raises:
        BenchError: the stored file is damaged.
    """
    panel = stored_panel(runs, benchmark, made_with)
    return None if panel is None else _floor(panel, panel_path(runs, benchmark))


def stored_panel(
    runs: Path, benchmark: str, made_with: Sequence[Mapping[str, Any]]
) -> Mapping[str, Any] | None:
    """The panel that was measured with the very data and instruments of some runs, as stored.

    Arguments and errors as for :func:`stored_floor`.
    """
    for panel in read_panels(runs, benchmark):
        key = panel["measured_with"]
        if made_with and all(
            all(parts.get(name) == value for name, value in key.items()) for parts in made_with
        ):
            return panel
    return None


def _sides(benchmark: Benchmark, given: Sequence[int]) -> list[int]:
    resolution = benchmark.resolution
    if wrong := [side for side in given if not SMALLEST_REDUCTION <= side < resolution]:
        raise BenchError(
            f"{benchmark.name} has {resolution} pixels a side and cannot be reduced to {wrong[0]}",
            hint=f"--method-resolution {SMALLEST_REDUCTION} to {resolution - 1}",
        )
    offered = benchmark.card.benchmark.resolutions
    return sorted(set(given or (s for s in offered if s < resolution)), reverse=True)


def _record(
    benchmark: Benchmark, read: PerturbedReadings, check: InstrumentCheck, command: str
) -> dict[str, Any]:
    repeated = check.repeatability
    if repeated is None:
        raise ValueError("a panel needs readings of perturbed images")
    found = check.to_dict()
    record: dict[str, Any] = without_nan(
        {
            "measured_with": measured_with(benchmark, read.cards),
            **asdict(repeated),
            "floor": floor_of(repeated).to_dict(),
            "agreement": {name: found[name] for name in OF_AGREEMENT},
            "instruments": dict(read.cards),
            "command": command,
            **provenance("cpu"),
        }
    )
    return record


def _floor(panel: Mapping[str, Any], path: Path) -> Floor:
    try:
        counted = [r for r in panel["readings"] if r["kind"] != "reduction"]
        return Floor(
            part=str(panel["part"]),
            images=int(panel["images"]),
            shifts=tuple(
                BoardShift(
                    str(shift["anchor"]),
                    _number(shift["expression_skill"]),
                    _number(shift["identity_retention"]),
                    _number(shift["naturalness"]),
                )
                for reading in counted
                for shift in reading["shifts"]
            ),
            identity=_number(panel["floor"]["one_image"]["identity"]),
            action_units=_number(panel["floor"]["one_image"]["action_units"]),
            command=str(panel["command"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BenchError(
            f"{path} is damaged: {error!r}", hint="remove it and check the instruments again"
        ) from error


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)
