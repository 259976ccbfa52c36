"""Opens what a plugin is given while it is checked."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.data.benchmark import Benchmark, load_benchmark
from bench.data.dataset import Dataset
from bench.plugins.checks.watch import Watch
from bench.plugins.instruments import weights_beside
from bench.run.checking.instrument import InstrumentChecks
from bench.run.checking.job import CheckJob
from bench.run.checking.method import MethodChecks
from bench.run.checking.observed import Observed
from bench.run.checking.session import CheckedSession
from bench.run.checking.steps import PluginChecks
from bench.run.session import check_device

__all__ = ["open_checks"]

READ_FACES: Final = 6
"""Images that an instrument reads, of as many people."""


def open_checks(job: CheckJob) -> PluginChecks:
    """Opens what the plugin will be given; the plugin itself is not touched.

    Raises:
        BenchError: there is no such benchmark, its data or instruments are not here, or the
            device cannot be used.
    """
    benchmark = load_benchmark(job.benchmark)
    data = benchmark.card.data_folder(Path(job.data) if job.data else None)
    dataset = Dataset(benchmark.card, data, benchmark.resolution)
    test = dataset.paths(benchmark.split.identities("test"))
    watch = Watch(Path(tempfile.gettempdir()), [str(path.resolve()) for path in test])
    observed = Observed(watch)
    if job.kind == "method":
        check_device(job.device)
        benchmark.check_expressions()
        session = CheckedSession(benchmark, data, watch)
        python = Path(job.python) if job.python else None
        return MethodChecks(session, observed, job.name, job.parameters, job.device, python)
    names, images = _faces(benchmark, dataset)
    beside = weights_beside(data)
    return InstrumentChecks(job.kind, job.name, beside, images, names, observed)


def _faces(benchmark: Benchmark, dataset: Dataset) -> tuple[list[str], NDArray[np.uint8]]:
    people = benchmark.split.identities("dev")[:READ_FACES]
    # The last samples are sources: an expression, where there is one.
    samples = [dataset.samples(identity)[-(place % 2)] for place, identity in enumerate(people)]
    names = [f"{sample.identity}/{sample.name}" for sample in samples]
    return names, np.stack([dataset.pixels(sample) for sample in samples])
