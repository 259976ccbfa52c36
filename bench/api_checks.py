"""Checks plugins against their contract, and datasets against their card."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bench.data.benchmark import DEFAULT_BENCHMARK
from bench.stderr import stderr_console

if TYPE_CHECKING:
    from bench.plugins.checks.outcome import Report
    from bench.plugins.instruments import Kind
    from bench.run.checking.job import CheckJob

__all__ = ["TIME_LIMIT", "check_dataset", "check_instrument", "check_method"]

TIME_LIMIT: Final = 60.0
"""Seconds for each step of a check."""


def check_method(
    name: str,
    parameters: Mapping[str, str] | None = None,
    *,
    benchmark: str = DEFAULT_BENCHMARK,
    data: Path | None = None,
    device: str = "cpu",
    python: Path | None = None,
    time_limit: float = TIME_LIMIT,
) -> Report:
    """Checks a method against docs/add-a-method.md, in a process of its own.

    Args:
        name: of an installed method, or the path of a Python file that defines one.
        parameters: as text.
        benchmark: whose images it is given.
        data: the user's copy of the dataset; None for one whose images come with the package.
        device: torch device.
        python: interpreter of the environment in which the method works; None for this one.
        time_limit: seconds for each step.

    Raises:
        BenchError: there is no such method or benchmark, a parameter is wrong, or data or
            instruments of the benchmark are missing.
    """
    from bench.run.checking.job import CheckJob

    folder = "" if data is None else str(data)
    interpreter = "" if python is None else str(python)
    job = CheckJob("method", name, benchmark, folder, parameters or {}, device, interpreter)
    return _supervised(job, time_limit)


def check_instrument(
    kind: Kind,
    name: str,
    *,
    benchmark: str = DEFAULT_BENCHMARK,
    data: Path | None = None,
    time_limit: float = TIME_LIMIT,
) -> Report:
    """Checks an embedder or an AU estimator against docs/add-an-instrument.md.

    Args:
        kind: which of the two.
        name: NAME, NAME:FILE or FILE; a Python file may define the plugin.
        benchmark: whose images it reads.
        data: as for :func:`check_method`.
        time_limit: seconds for each step.

    Raises:
        BenchError: there is no such instrument or benchmark, or weights or packages are missing.
    """
    from bench.run.checking.job import CheckJob

    job = CheckJob(kind, name, benchmark, "" if data is None else str(data))
    return _supervised(job, time_limit)


def check_dataset(name: str, data: Path | None = None) -> Report:
    """Checks a dataset: its card, its images, and whether its split can be used.

    Args:
        name: of the dataset.
        data: the user's copy; without one its images are not looked at, unless they come with it.

    Raises:
        BenchError: there is no such dataset.
    """
    from bench.plugins.checks.dataset import dataset_checks, images_to_check
    from bench.plugins.checks.outcome import Report
    from bench.run.progress import progress_bar

    images = images_to_check(name, data)
    unheard = nullcontext(lambda images: None)
    with progress_bar(f"checking {name}", images) if images else unheard as advance:
        checks = dataset_checks(name, data, advance)
    return Report("dataset", name, "", checks)


def _supervised(job: CheckJob, time_limit: float) -> Report:
    from bench.run.checking.supervised import check_plugin

    with stderr_console().status("") as status:
        return check_plugin(
            job, time_limit, lambda doing: status.update(f"checking {job.name}: {doing}")
        )
