"""``python -m glow bench``: this Glow beside those of other packages, in one table."""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, get_args

from glow.comparison.cells import DEFAULT_BATCHES, Cell, NetworkPrecision, config_for

if TYPE_CHECKING:
    from glow.comparison.accuracy import Accuracy
    from glow.comparison.machine import MatrixPeak
    from glow.comparison.report import Report

__all__ = ["add_bench", "run_bench"]

Name = TypeVar("Name", bound=str)

_SIZES = (64, 256)
_PRECISIONS: tuple[NetworkPrecision, ...] = get_args(NetworkPrecision)
_PEERS = ("normflows", "FrEIA", "nflows")
_REPEATS = 7
_REPEATS_OF_QUICK = 3

_EXAMPLES = """examples:
  python -m glow bench --quick
  python -m glow bench --sizes 64 --batches 8 --precisions fp32 --peers FrEIA
  python -m glow bench --json > bench.json

The other packages come with pip install 'expression-transfer-bench[peers]'; a C++ compiler is
needed to compare with them compiled."""


def add_bench(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds ``bench`` to the commands of ``python -m glow``."""
    parser = commands.add_parser(
        "bench",
        help="speed, memory and exactness beside other packages",
        description="Measures this Glow beside normflows, FrEIA and nflows: random weights, one "
        "thread, processor time, in turns. All of it takes over an hour and 16 GiB of memory; "
        "without the compiled peers (--no-compile) half of that.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--json", action="store_true", help="print JSON instead of the table")
    add("--sizes", type=_integers, help="pixels, comma-separated (default 64,256)")
    add("--batches", type=_integers, help="for all sizes (default 1,8,32 at 64 and 1,4 at 256)")
    add("--precisions", type=_words, default=_PRECISIONS, help="default fp32,bf16")
    add("--peers", type=_words, default=_PEERS, help="default normflows,FrEIA,nflows; or none")
    add("--repeats", type=int, help=f"timed calls in each direction (default {_REPEATS})")
    add("--budget", type=float, default=20.0, help=_BUDGET_HELP)
    add("--width", type=int, default=512, help="hidden channels (default 512)")
    add("--depth", type=int, help="flow steps a level (default 16, above 64 pixels 32)")
    add(
        "--compile",
        action=argparse.BooleanOptionalAction,
        help="also peers whose coupling networks are compiled (default: yes)",
    )
    add("--quick", action="store_true", help=_QUICK_HELP)


_BUDGET_HELP = (
    "seconds of one implementation in one cell, after which it makes no more calls than two in "
    "each direction (default 20)"
)
_QUICK_HELP = "a first look, in a minute or two: 64 pixels, batch 1, few calls, nothing compiled"


def run_bench(options: argparse.Namespace) -> int:
    """Measures and prints; 0 also if some peer does not run here, since its row says so.

    Raises:
        ValueError: a size, batch, precision, peer or number of repeats that there is not.
    """
    report = _measure(options)
    if options.json:
        print(json.dumps(report.to_dict(), indent=2))
    else:
        _print(report)
    return 0


def _measure(options: argparse.Namespace) -> Report:
    cells = _cells(options)
    precisions = _chosen(options.precisions, _PRECISIONS, "precision")
    peers = _chosen(options.peers, _PEERS, "peer")
    repeats = options.repeats
    if repeats is None:
        repeats = _REPEATS_OF_QUICK if options.quick else _REPEATS
    compiled = options.compile if options.compile is not None else not options.quick
    if repeats < 1 or options.budget < 0:
        raise ValueError("--repeats must be at least 1 and --budget at least 0")

    import torch

    from glow.comparison.contest import Contest, contestants
    from glow.comparison.machine import describe_machine
    from glow.comparison.report import Report

    torch.set_num_threads(1)
    peaks = _matrix_peaks(precisions)
    accuracy = _accuracy(precisions)
    with tempfile.TemporaryDirectory(prefix="glow-bench-") as folder:
        contest = Contest(
            contestants(peers, precisions, compiled=compiled),
            repeats=repeats,
            budget=options.budget,
            peak_gflops={peak.precision: peak.gflops for peak in peaks},
            weights=Path(folder),
        )
        rows = []
        for cell in cells:
            with _progress(_title(cell), contest.turns) as advance:
                rows += contest.run(cell, advance)
    return Report(describe_machine(), peaks, rows, accuracy)


def _cells(options: argparse.Namespace) -> list[Cell]:
    cells = []
    for size in options.sizes or (_SIZES[:1] if options.quick else _SIZES):
        config = config_for(size, width=options.width, steps=options.depth)
        batches = options.batches or ((1,) if options.quick else DEFAULT_BATCHES.get(size, (1,)))
        cells += [Cell(config, batch) for batch in batches]
    return cells


def _matrix_peaks(precisions: Sequence[NetworkPrecision]) -> list[MatrixPeak]:
    import torch

    from glow.comparison.machine import measure_matrix_peak
    from glow.inference.precision import check_precision

    peaks = []
    with _progress("matrix peak", len(precisions)) as advance:
        for precision in precisions:
            try:
                check_precision(precision, torch.device("cpu"))
                peaks.append(measure_matrix_peak(precision))
            except ValueError:
                pass  # its rows give the reason
            advance(1)
    return peaks


def _accuracy(precisions: Sequence[NetworkPrecision]) -> list[Accuracy]:
    from glow.comparison.accuracy import TRAINED_MODELS, Reference

    results = []
    with _progress("accuracy", len(TRAINED_MODELS)) as advance:
        for name in TRAINED_MODELS:
            reference = Reference(name)
            results += [reference.compare(precision) for precision in precisions]
            advance(1)
    return results


def _print(report: Report) -> None:
    from rich.console import Console

    from glow.comparison.table import WIDTH, print_accuracy, print_machine, print_notes, print_rows

    console = Console(width=WIDTH)
    print_machine(report.machine, report.peaks, console)
    print_rows(report.rows, console)
    print_notes(report.rows, console)
    print_accuracy(report.accuracy, console)


@contextmanager
def _progress(title: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar on stderr while the block runs."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task(title, total=total)
        yield lambda steps: bar.advance(task, steps)


def _title(cell: Cell) -> str:
    return f"{cell.config.image_size}x{cell.config.image_size}, {cell.batch} at once"


def _chosen(names: Sequence[str], known: Sequence[Name], what: str) -> list[Name]:
    """The known ones among the names, in their order.

    Raises:
        ValueError: one is not known.
    """
    if unknown := sorted(set(names) - set(known)):
        raise ValueError(f"no {what} {', '.join(unknown)}; known: {', '.join(known)}")
    return [name for name in known if name in names]


def _integers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(word) for word in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"expected whole numbers with commas between them, not {text!r}"
        ) from None


def _words(text: str) -> tuple[str, ...]:
    return tuple(word for word in text.split(",") if word and word != "none")
