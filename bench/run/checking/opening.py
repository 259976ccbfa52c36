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
from bench.run.checking.method import MethodChecks
from bench.run.checking.observed import Observed
from bench.run.checking.order import CheckOrder
from bench.run.checking.session import CheckedSession
from bench.run.checking.steps import PluginChecks

__all__ = ["open_checks"]

READ_FACES: Final = 6
"""Images that an instrument reads, of as many people."""


def open_checks(order: CheckOrder) -> PluginChecks:
    """Opens what the plugin will be given; the plugin itself is not touched.

    Raises:
        BenchError: there is no such benchmark, or its data or instruments are not here.
    """
    benchmark = load_benchmark(order.benchmark)
    data = benchmark.card.data_folder(Path(order.data) if order.data else None)
    dataset = Dataset(benchmark.card, data, benchmark.resolution)
    test = dataset.paths(benchmark.split.identities("test"))
    watch = Watch(Path(tempfile.gettempdir()), [str(path.resolve()) for path in test])
    observed = Observed(watch)
    if order.kind == "method":
        benchmark.check_expressions()
        session = CheckedSession(benchmark, data, watch)
        python = Path(order.python) if order.python else None
        return MethodChecks(session, observed, order.name, order.parameters, order.device, python)
    names, images = _faces(benchmark, dataset)
    beside = weights_beside(data)
    return InstrumentChecks(order.kind, order.name, beside, images, names, observed)


def _faces(benchmark: Benchmark, dataset: Dataset) -> tuple[list[str], NDArray[np.uint8]]:
    people = benchmark.split.identities("dev")[:READ_FACES]
    # The last samples are sources: an expression, where there is one.
    samples = [dataset.samples(identity)[-(place % 2)] for place, identity in enumerate(people)]
    names = [f"{sample.identity}/{sample.name}" for sample in samples]
    return names, np.stack([dataset.pixels(sample) for sample in samples])
