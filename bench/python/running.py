"""The commands that make images: run, alpha-search, reconstruct and second-opinion."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from bench.data.benchmark import DEFAULT_BENCHMARK
from bench.python.commands import (
    AtLeast,
    Count,
    Folder,
    Grid,
    Parameters,
    Words,
    command,
    settings_of,
    words_of,
)
from bench.python.frames import unfolded
from bench.python.results import AlphaResult, BoardResult, ReconstructionResult, Result

if TYPE_CHECKING:
    from bench.analysis.board import Board
    from bench.analysis.opinion_values import Opinion
    from bench.data.split import Part
    from bench.report.charts.standalone import Picture
    from bench.report.contents import ReportMethod

__all__ = ["alpha_search", "reconstruct", "run", "second_opinion"]


@command("run")
def run(
    methods: Words,
    *,
    benchmark: str = DEFAULT_BENCHMARK,
    data: Folder | None = None,
    out: Folder = "runs",
    alpha: float | None = None,
    alphas: Grid = "",
    limit: Count | None = None,
    device: str = "cpu",
    embedder: Folder | None = None,
    au: Folder | None = None,
    source_aus: Literal["estimator", "labels"] | None = None,
    param: Parameters | None = None,
    seed: int = 0,
    keep_images: bool = False,
    python: Folder | None = None,
    isolate: bool = False,
    timeout: Annotated[float, AtLeast(0.1)] | None = None,
    memory_limit: Count | None = None,
    dask: str | None = None,
    dask_tls: str | None = None,
    workers: Count = 1,
    max_memory: Count | None = None,
    no_cache: bool = False,
    cache_size: str | None = None,
    progress: bool = True,
) -> BoardResult[Board]:
    """Runs methods and the anchors on the test part and ranks them, as ``bench run``.

    Args:
        methods: names of methods or ``.py`` files, one or several.
        benchmark: NAME or NAME-RESOLUTION.
        data: your copy of a dataset that does not come with bench; by default ``$BENCH_DATA``.
        out: folder of runs; what is stored there is not run again.
        alpha: rank at this alpha, not at the dev alpha*.
        alphas: grid of transfer intensities, such as ``0:1:0.1`` or ``[0, 0.5, 1]``.
        limit: use the first N pairs of each part.
        device: torch device; or several, such as ``cuda:0,cuda:1``, each with a process.
        embedder, au: names or files of instruments; by default the benchmark's.
        source_aus: ``estimator`` or ``labels``; by default the benchmark's.
        param: parameters of the methods, such as ``{"precision": "bf16"}``.
        seed: of everything random.
        keep_images: store every output image.
        python: interpreter of another environment, in which ``FILE.py`` or ``MODULE:CLASS`` works.
        isolate: have every method that is named work in a process of its own.
        timeout, memory_limit: seconds for an image there, and MiB that the method may write to.
        dask, dask_tls: address of a Dask scheduler whose workers make the images, or ``local:N``;
            and ``CA,CERT,KEY`` for the connection.
        workers: processes that make the images. Where there are several, a script needs the usual
            ``if __name__ == "__main__"``.
        max_memory: MiB that all of them together may take.
        no_cache: neither use nor keep latents and features.
        cache_size: most that is kept, such as ``500MB``.
        progress: show bars.

    Raises:
        BenchError: anything the user can mend.

    Example:
        >>> board = bench.run(["glow-arith", "pixel-arith"], limit=20)
        >>> board.table[["method", "transfer_score"]]
    """
    from bench import api
    from bench.report.floor import floor_of_board
    from bench.report.terminal.board import print_board

    settings = settings_of(
        benchmark=benchmark,
        data=data,
        out=out,
        alphas=alphas,
        limit=limit,
        device=device,
        embedder=embedder,
        au=au,
        source_aus=source_aus,
        param=param,
        seed=seed,
        keep_images=keep_images,
        python=python,
        isolate=isolate,
        timeout=timeout,
        memory_limit=memory_limit,
        dask=dask,
        dask_tls=dask_tls,
        workers=workers,
        max_memory=max_memory,
        cache=not no_cache,
        cache_size=cache_size,
    )
    board = api.run(words_of(methods), settings, alpha=alpha)
    floor = floor_of_board(settings.out, board)
    part: Part = "test" if board.part == "test" else "dev"
    pairs = {pair.key for pair in settings.load_benchmark().pairs(part, limit)}
    return BoardResult(
        board,
        board.to_dict()["rows"],
        lambda console: print_board(board, console, floor),
        partial(_with_curves, board, settings.out, pairs),
    )


@command("alpha-search")
def alpha_search(
    method: Folder,
    *,
    benchmark: str = DEFAULT_BENCHMARK,
    data: Folder | None = None,
    out: Folder = "runs",
    alphas: Grid = "",
    limit: Count | None = None,
    device: str = "cpu",
    embedder: Folder | None = None,
    au: Folder | None = None,
    source_aus: Literal["estimator", "labels"] | None = None,
    param: Parameters | None = None,
    seed: int = 0,
    keep_images: bool = False,
    python: Folder | None = None,
    isolate: bool = False,
    timeout: Annotated[float, AtLeast(0.1)] | None = None,
    memory_limit: Count | None = None,
    dask: str | None = None,
    dask_tls: str | None = None,
    workers: Count = 1,
    max_memory: Count | None = None,
    no_cache: bool = False,
    cache_size: str | None = None,
    by: Literal["au", "identity", "score"] = "au",
    fixed: float | None = None,
    refine: bool = False,
    tolerance: Annotated[float, AtLeast(1e-4)] = 0.01,
    per_target: bool = False,
    progress: bool = True,
) -> AlphaResult:
    """Finds alpha* and the identity crossover on the dev part, as ``bench alpha-search``.

    Args:
        method: name of a method or a ``.py`` file.
        by: what alpha* is the best of: least AU error, last alpha before the identity crossover,
            or largest transfer score.
        fixed: alpha of the protocol ``fixed``, one of the grid.
        refine: search between the points of the grid, too.
        tolerance: how near to alpha* that search stops.
        per_target: print a row for every target.

    The others are those of :func:`run`.

    Raises:
        BenchError: the method has no alpha, or anything else the user can mend.

    Example:
        >>> found = bench.alpha_search("glow-arith", alphas="0:1:0.25", limit=20)
        >>> found.value.search.dev_alpha
    """
    from bench.api_alpha import alpha_search as search
    from bench.report.terminal.alpha_search import print_alpha_search

    settings = settings_of(
        benchmark=benchmark,
        data=data,
        out=out,
        alphas=alphas,
        limit=limit,
        device=device,
        embedder=embedder,
        au=au,
        source_aus=source_aus,
        param=param,
        seed=seed,
        keep_images=keep_images,
        python=python,
        isolate=isolate,
        timeout=timeout,
        memory_limit=memory_limit,
        dask=dask,
        dask_tls=dask_tls,
        workers=workers,
        max_memory=max_memory,
        cache=not no_cache,
        cache_size=cache_size,
    )
    found = search(str(method), settings, by=by, fixed=fixed, refine=refine, tolerance=tolerance)
    return AlphaResult(
        found,
        found.to_dict()["curve"],
        lambda console: print_alpha_search(found, console, per_target=per_target),
    )


@command("reconstruct")
def reconstruct(
    methods: Words,
    *,
    benchmark: str = DEFAULT_BENCHMARK,
    data: Folder | None = None,
    limit: Count | None = None,
    device: str = "cpu",
    embedder: Folder | None = None,
    au: Folder | None = None,
    param: Parameters | None = None,
    seed: int = 0,
    pictures: Folder | None = None,
    progress: bool = True,
) -> ReconstructionResult:
    """Encodes the real images of the test part and decodes them, as ``bench reconstruct``.

    Args:
        methods: methods that reconstruct, one or several.
        limit: use N images.
        pictures: write originals and reconstructions to this PNG.

    The others are those of :func:`run`.

    Raises:
        BenchError: a method does not reconstruct, or anything else the user can mend.

    Example:
        >>> bench.reconstruct(["glow-arith", "pixel-arith"], limit=20).table
    """
    from bench import api
    from bench.report.terminal.reconstruction import print_reconstructions

    settings = settings_of(
        benchmark=benchmark,
        data=data,
        limit=limit,
        device=device,
        embedder=embedder,
        au=au,
        param=param,
        seed=seed,
    )
    sheet = None if pictures is None else Path(pictures)
    table = api.reconstruct(words_of(methods), settings, sheet)
    return ReconstructionResult(
        table,
        unfolded(table.to_dict()["methods"], "metrics", "metric"),
        partial(print_reconstructions, table),
        None if sheet is None else partial(_picture, sheet),
    )


@command("second-opinion")
def second_opinion(
    methods: Words | None = None,
    *,
    benchmark: str = DEFAULT_BENCHMARK,
    data: Folder | None = None,
    out: Folder = "runs",
    device: str = "cpu",
    embedder: Folder | None = None,
    au: Folder | None = None,
    progress: bool = True,
) -> Result[Opinion]:
    """Ranks the outputs of stored runs by other instruments, as ``bench second-opinion``.

    Args:
        methods: methods with a stored run; by default all.
        embedder, au: names or files of the second instruments.

    The others are those of :func:`run`.

    Raises:
        BenchError: a first run or an instrument is missing, or anything else the user can mend.

    Example:
        >>> opinion = bench.second_opinion(embedder="mobilefacenet", au="mediapipe")
        >>> opinion.to_dict()["tau"]
    """
    from bench.api_opinion import second_opinion as opinion_of
    from bench.report.terminal.opinion import print_opinion

    settings = settings_of(
        benchmark=benchmark, data=data, out=out, device=device, embedder=embedder, au=au
    )
    opinion = opinion_of(words_of(methods), settings)
    values = opinion.to_dict()
    return Result(opinion, values["rows"], partial(print_opinion, values))


def _with_curves(board: Board, out: Path, pairs: Collection[str]) -> list[ReportMethod]:
    """The rows of a board with their curves over alpha, of the runs that it was made of."""
    from bench.analysis.stored import curve_of
    from bench.report.contents import ReportMethod
    from bench.run.store import RunFolder

    methods = []
    for row in board.rows:
        stored = RunFolder(out / board.benchmark / row.run_id).read()
        curve = curve_of(stored, board.part, pairs) if stored.has_alpha else None
        methods.append(ReportMethod(row, curve))
    return methods


def _picture(path: Path) -> Picture:
    import numpy as np
    from PIL import Image

    from bench.data.images import FORMATS
    from bench.report.charts.standalone import Picture

    with Image.open(path, formats=FORMATS) as file:
        return Picture(np.asarray(file.convert("RGB")))
