"""The release as stored runs: one per method, in the format of docs/results-format.md."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from bench.data.split import Pair
from bench.imports.valenzuela2021 import ALIAS, TRANSFER
from bench.imports.valenzuela2021.features import Columns, Features
from bench.imports.valenzuela2021.images import SIDE, ReleasedImages, read_released
from bench.imports.valenzuela2021.release import Output
from bench.run.gallery import SHOWCASE_PAIRS, fixed_order, output_path, real_path
from bench.run.identity import identity_hash
from bench.run.provenance import provenance
from bench.run.store import RunFolder, StoredRun
from bench.run.timings import Timings

__all__ = ["BENCHMARK", "PART", "store_release"]

BENCHMARK = f"{ALIAS}-{SIDE}"

PART: Final = "dev"
"""All of it: one source and four targets cannot be parted into disjoint people, and the authors
chose their alphas on these very pairs."""

IMPORT_VERSION = "1"
"""Raised when the same release would be stored with other numbers."""

CITATION = (
    'Valenzuela, Diego, Segura and Gomez, "Expression Transfer Using Flow-based Generative '
    'Models", CVPR Workshops 2021'
)
LICENCE_NOTE = (
    "The pictures are released under CC BY-NC-ND 3.0 and show real people: this is your private "
    "copy, not for commercial use, and not to be changed and passed on."
)

_TENTHS = 10


@dataclass(frozen=True, slots=True)
class _Method:
    name: str
    description: str
    has_alpha: bool
    is_anchor: bool


_METHODS = (
    _Method(TRANSFER, "latent arithmetic in Glow, the released outputs", True, False),
    _Method("target-neutral", "the released decoded mean face of the target", False, True),
    _Method("copy-source", "the source photograph itself", False, True),
)


def store_release(
    images: ReleasedImages, features: Features, out: Path, benchmark: str, command: str
) -> dict[str, StoredRun]:
    """Writes the runs of a release and reads them back.

    The same release gives the same folders: importing twice stores nothing twice.

    Args:
        images: the pictures; those that the report shows are copied where they are there.
        features: of the pictures.
        out: the folder of runs.
        benchmark: name of the benchmark, which stands for the instruments.
        command: what the user typed.

    Returns:
        The runs by method.

    Raises:
        BenchError: a picture cannot be read or the folder cannot be written.
    """
    return {
        method.name: _store(method, images, features, out / benchmark, benchmark, command)
        for method in _METHODS
    }


def _store(
    method: _Method,
    images: ReleasedImages,
    features: Features,
    folder: Path,
    benchmark: str,
    command: str,
) -> StoredRun:
    outputs = [output for output in images.release.outputs if features.has(output)]
    parts = _identity_parts(method, images, features, outputs)
    run = RunFolder(folder / f"{method.name}-{identity_hash(parts)}")
    run.write_info(_description(method, features, parts, benchmark, command))
    # Rows last: a run without any is none, should a picture turn out to be damaged.
    if method.has_alpha:
        _copy_pictures(run, images, outputs)
    run.write_references(PART, list(_references(images, features)), features.units)
    run.write_rows(list(_rows(method, features, outputs)), features.units, Timings())
    return run.read()


def _rows(method: _Method, features: Features, outputs: Sequence[Output]) -> Iterator[Columns]:
    for output in outputs:
        if output.alpha and not method.has_alpha:
            continue
        pair = _pair(output)
        yield {
            "part": PART,
            "source": pair.source,
            "sample": pair.sample,
            "target": pair.target,
            "kind": pair.kind,
            "alpha": output.alpha if method.has_alpha else None,
            "detail": "",
            **(
                features.of_source(output.expression)
                if method.name == "copy-source"
                else features.of_output(output)
            ),
        }


def _references(images: ReleasedImages, features: Features) -> Iterator[Columns]:
    """Mean faces and source photographs with all features, the other photographs with NIQE."""

    def row(identity: str, sample: str, shown: str, columns: Columns, **flags: Any) -> Columns:
        named = {"identity": identity, "sample": sample, "expression": shown, "part": PART}
        return {
            "is_reference": False,
            "is_neutral": False,
            "decoded": 0.0,
            **named,
            **columns,
            **flags,
        }

    for identity in images.release.means:
        flags = {"is_reference": True, "is_neutral": True, "decoded": 1.0}
        yield row(identity, f"{identity}_mean", "neutral", features.of_mean(identity), **flags)
    for expression in images.release.expressions:
        read = features.of_source(expression)
        yield row(expression.source, expression.sample, expression.name, read)
    for identity, path in images.photographs:
        niqe = features.niqe_of(path)
        if niqe is not None:
            read = {"outcome": "ok", "niqe": niqe}
            yield row(identity, path.stem, "photograph", read, is_reference=True)


def _pair(output: Output) -> Pair:
    return Pair(PART, output.expression.source, output.expression.sample, output.target)


def _copy_pictures(run: RunFolder, images: ReleasedImages, outputs: Sequence[Output]) -> None:
    """Copies what the report shows: a few pairs in a fixed order, alphas in tenths."""
    cross = {_pair(output) for output in outputs if not output.is_self}
    for pair in fixed_order(cross)[:SHOWCASE_PAIRS]:
        mine = [output for output in outputs if _pair(output) == pair]
        wanted = {
            real_path(run.folder, pair, "source"): images.source(mine[0].expression),
            real_path(run.folder, pair, "source-neutral"): images.mean(pair.source),
            real_path(run.folder, pair, "target-neutral"): images.mean(pair.target),
        } | {
            output_path(run.folder, pair, output.alpha): images.output(output)
            for output in mine
            if abs(output.alpha * _TENTHS - round(output.alpha * _TENTHS)) < 1e-6
        }
        for place, path in wanted.items():
            if path.is_file():
                run.write_image(place, read_released([path])[0])


def _identity_parts(
    method: _Method, images: ReleasedImages, features: Features, outputs: Sequence[Output]
) -> dict[str, Any]:
    pairs = sorted({_pair(output).key for output in outputs})
    return {
        "method": method.name,
        "parameters": {},
        "fingerprint": {"import_version": IMPORT_VERSION, **features.fingerprint},
        "dataset": ALIAS,
        "manifest_sha256": images.release.sha256,
        "split": "as released",
        "split_sha256": hashlib.sha256("\n".join(pairs).encode()).hexdigest(),
        "resolution": SIDE,
        "instruments": {
            name: card
            and {
                key: value
                for key, value in card.items()
                if key in {"name", "version", "weights_sha256", "patch"}
            }
            for name, card in features.instruments.items()
        },
        "seed": 0,
    }


def _description(
    method: _Method,
    features: Features,
    parts: Mapping[str, Any],
    benchmark: str,
    command: str,
) -> dict[str, Any]:
    return {
        "benchmark": benchmark,
        "has_test_part": False,
        "method": {
            "name": method.name,
            "description": method.description,
            "citation": CITATION,
            "has_alpha": method.has_alpha,
            "is_anchor": method.is_anchor,
            "origin": "released by its authors, imported",
        },
        "identity": {"hash": identity_hash(parts), "parts": dict(parts)},
        "dataset": {
            "name": ALIAS,
            "citation": CITATION,
            "licence": "CC BY-NC-ND 3.0",
            "doi": "",
            "may_show_images": True,
        },
        "notes": [*features.notes, LICENCE_NOTE],
        "instruments": dict(features.instruments),
        "action_units": list(features.units),
        "command": command,
        **provenance("cpu"),
        "timings": asdict(Timings()),
    }
