"""The options that all commands share, and what follows from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench.data.benchmark import DEFAULT_BENCHMARK, Benchmark, load_benchmark
from bench.errors import BenchError
from bench.plugins.foreign.limits import Limits

__all__ = ["Settings"]


@dataclass(frozen=True, slots=True)
class Settings:
    """The options that all commands share.

    Attributes:
        benchmark: name of the benchmark.
        data: the user's copy of the dataset; None for one whose images come with the package.
        out: the folder of runs.
        alphas: alpha grid; empty for the benchmark's.
        limit: use only the first pairs of each part, in the benchmark's fixed order.
        device: torch device.
        embedder: name or file; None for the benchmark's.
        au_estimator: name or file; None for the benchmark's.
        source_aus: ``estimator`` or ``labels``; None for the benchmark's.
        parameters: parameters of the methods, as text.
        seed: of everything random.
        keep_images: store every output.
        python: interpreter of the environment in which methods given as ``FILE.py`` or
            ``MODULE:CLASS`` work; None for this one.
        isolate: have every method that is named work in a process of its own.
        timeout: seconds for an image there; None for what is usual.
        memory_limit: MiB of memory that a method may write to there; None for no limit.
        dask: address of a Dask scheduler whose workers make the images, or ``local:N`` to start
            one with N workers; None for this process.
        dask_tls: ``CA,CERT,KEY`` for that connection; None for what Dask is configured for.
        workers: processes of this machine that make the images; at least one for each device.
        max_memory: MiB that all of them together may take; None for as many as they like.
        cache: whether latents of faces and features of real images are kept for other commands.
        cache_size: of what is kept, such as ``4GB``; None for ``$BENCH_CACHE_SIZE``, or 4 GiB.
    """

    benchmark: str = DEFAULT_BENCHMARK
    data: Path | None = None
    out: Path = Path("runs")
    alphas: tuple[float, ...] = ()
    limit: int | None = None
    device: str = "cpu"
    embedder: str | None = None
    au_estimator: str | None = None
    source_aus: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    seed: int = 0
    keep_images: bool = False
    python: Path | None = None
    isolate: bool = False
    timeout: float | None = None
    memory_limit: int | None = None
    dask: str | None = None
    dask_tls: str | None = None
    workers: int = 1
    max_memory: int | None = None
    cache: bool = True
    cache_size: str | None = None

    @property
    def devices(self) -> tuple[str, ...]:
        """The torch devices of the workers, the first of which is this process.

        Raises:
            BenchError: there is none, or a cluster is asked for too.
        """
        named = [name.strip() for name in self.device.split(",")]
        if not all(named):
            raise BenchError(f"--device {self.device!r} names no device", hint="cuda:0,cuda:1")
        count = max(self.workers, len(named))
        if self.dask and count > 1:
            raise BenchError(
                "a Dask cluster has workers of its own, each with one device",
                hint="leave out --workers, and give --device cuda",
            )
        return tuple(named[place % len(named)] for place in range(count))

    @property
    def own_device(self) -> str:
        """The torch device of this process, which makes no image where a cluster does."""
        return "cpu" if self.dask else self.devices[0]

    @property
    def memory_of_worker(self) -> float | None:
        """MiB that each worker may take."""
        return None if self.max_memory is None else self.max_memory / len(self.devices)

    def of_worker(self, device: str) -> Settings:
        """Those of one worker among several."""
        share = self.memory_of_worker
        memory = None if share is None else int(share)
        return replace(self, device=device, workers=1, max_memory=memory)

    @property
    def limits(self) -> Limits | None:
        """What a method in a process of its own may take; None if no method needs one.

        Raises:
            BenchError: there are limits, and no method works in a process of its own.
        """
        given = {"--timeout": self.timeout, "--memory-limit": self.memory_limit}
        if not self.isolate and self.python is None:
            for option, value in given.items():
                if value is not None:
                    raise BenchError(
                        f"{option} is for a method in a process of its own",
                        hint=f"--isolate {option} {value:g}",
                    )
            return None
        limits = Limits(memory_mib=self.memory_limit)
        return limits if self.timeout is None else replace(limits, timeout=self.timeout)

    def load_benchmark(self) -> Benchmark:
        benchmark = load_benchmark(
            self.benchmark,
            embedder=self.embedder,
            au_estimator=self.au_estimator,
            source_aus=self.source_aus,
        )
        return benchmark.with_alphas(tuple(sorted(self.alphas))) if self.alphas else benchmark
