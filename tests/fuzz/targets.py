"""What is fuzzed: for each kind of file that others give, its readers, real files and changes.

A case is the content of one file. It is read as the program reads it, and what it says is used
once. It may succeed or end in one typed error that names the file; anything else is a finding.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random
from types import SimpleNamespace

import pyarrow as pa

from bench.errors import BenchError
from tests.fuzz import samples
from tests.fuzz.mutate import (
    Mutator,
    mixed,
    mutate_bytes,
    mutate_csv,
    mutate_json,
    mutate_png,
    mutate_protobuf,
    mutate_safetensors,
    mutate_text,
    mutate_toml,
)

__all__ = ["NATIVE", "TARGETS", "Finding", "Target", "run_case"]

ROOT = samples.ROOT
DATASETS, BOARD = ROOT / "datasets", ROOT / "leaderboards" / "synthfaces-64"


class Finding(AssertionError):
    """A case that ended neither in success nor in one typed error that names the file."""


@dataclass(frozen=True)
class Target:
    """A kind of file.

    Attributes:
        seeds: sound files; also what cases are made of.
        mutate: makes a case of one.
        prepare: writes into an empty folder, once, what lies beside the file.
        read: reads the file, given the folder and the content; writes it there first.
        errors: the typed errors that its readers document.
        is_native: whether libraries of other languages parse it, which can end the process.
    """

    name: str
    seeds: Callable[[], tuple[bytes, ...]]
    mutate: Mutator
    read: Callable[[Path, bytes], object]
    prepare: Callable[[Path], None] = lambda folder: None
    errors: tuple[type[Exception], ...] = (BenchError,)
    is_native: bool = False
    names: tuple[str, ...] = field(default=())

    def case(self, number: int, seed: int = 0) -> bytes:
        """The case of a number: the same at every call."""
        random = Random(f"{self.name} {seed} {number}")
        sound = self.seeds()
        if number < len(sound):
            return sound[number]
        return self.mutate(random.choice(sound), random)


def run_case(target: Target, folder: Path, content: bytes) -> str:
    """Reads a case: ``ok``, or the typed error's message.

    Raises:
        Finding: it ended in another error, or in one that does not name the file.
    """
    try:
        target.read(folder, content)
    except target.errors as error:
        # A subclass of another package is what a library raises: its message is for no user.
        own = type(error) in target.errors or type(error).__module__.startswith("bench.")
        if not own:
            raise Finding(f"{target.name}: {type(error).__name__}: {str(error)[:300]}") from error
        message = str(error)
        if not any(name in message for name in (*target.names, folder.name)):
            raise Finding(f"{target.name}: the message names no file: {message[:300]}") from error
        return message
    except Exception as error:
        raise Finding(f"{target.name}: {type(error).__name__}: {str(error)[:300]}") from error
    return "ok"


def _read_card(folder: Path, content: bytes) -> None:
    from bench.data.card import read_card
    from bench.data.layout.scan import read_images
    from bench.data.layout.survey import survey
    from bench.data.truth import read_truth

    path = folder / "card.toml"
    path.write_bytes(content)
    card = read_card(path)
    assert card.citation
    assert card.manifest.parent == card.split_file.parent.parent == folder
    read_truth(card)
    surveyed = survey(card, folder / "data")
    assert all(not cast.image.path.startswith("/") for cast in surveyed.chosen)
    if surveyed.chosen:
        read_images(surveyed).to_dict()


def _prepare_card(folder: Path) -> None:
    people = folder / "data" / "images"
    for name in ("s001/neutral.png", "s001/happiness.png", "s002/anger.png", "ann/happy_1.jpg"):
        path = people / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(samples.picture("PNG", side=64) if name.endswith("png") else b"no image")
    names = ("S005_001_00000011", "Rafd090_01_Caucasian_female_angry_frontal", "AF01ANS", "0" * 30)
    for name in names:
        (folder / "data" / f"{name}.png").write_bytes(samples.picture("PNG", side=32))
    (folder / "data" / "labels.csv").write_text("file,AU12\nAF01ANS.png,3\n")
    (folder / "labels.csv").write_text("identity,sample,AU12\ns001,neutral,0\n")


@cache
def _cards() -> tuple[bytes, ...]:
    return tuple(path.read_bytes() for path in sorted(DATASETS.glob("*/card.toml")))


def _read_split(folder: Path, content: bytes) -> None:
    from bench.data.split import load_split

    path = folder / "v1.csv"
    path.write_bytes(content)
    split = load_split(path)
    for part in ("dev", "test"):
        assert len(split.part(part)) <= len(split.pairs)
        assert all(pair.key for pair in split.part(part))


def _read_manifest(folder: Path, content: bytes) -> None:
    from bench.data.card import read_card
    from bench.data.dataset import Dataset, read_groups
    from bench.data.manifest import manifest_text, read_manifest, verify

    (folder / "files.csv").write_bytes(content)
    entries = read_manifest(folder / "files.csv")
    assert manifest_text(entries)
    card = read_card(folder / "card.toml")
    read_groups(card, folder)
    dataset = Dataset(card, folder, 64)
    for identity in sorted({entry.identity for entry in entries})[:2]:
        for sample in dataset.samples(identity)[:2]:
            assert dataset.path(sample).resolve().is_relative_to(folder.resolve())
            dataset.pixels(sample)
    list(zip(range(3), verify(card, folder), strict=False))


def _prepare_manifest(folder: Path) -> None:
    shutil.copy(DATASETS / "synthfaces" / "card.toml", folder)
    shutil.copy(DATASETS / "synthfaces" / "identities.csv", folder)
    images = sorted((DATASETS / "synthfaces" / "images" / "s001").glob("*.png"))[:3]
    (folder / "images" / "s001").mkdir(parents=True)
    for image in images:
        shutil.copy(image, folder / "images" / "s001")


def _head(path: Path, lines: int) -> bytes:
    return b"\n".join(path.read_bytes().split(b"\n")[:lines]) + b"\n"


ENTRY = "target-neutral"


def _read_entry(folder: Path, content: bytes) -> None:
    from bench.leaderboard.contents import check_contents, entry_numbers
    from bench.leaderboard.entry import read_entry
    from bench.leaderboard.results import summaries
    from bench.leaderboard.verification import is_verified

    board = folder / "synthfaces-64"
    (board / ENTRY / "entry.json").write_bytes(content)
    entry = read_entry(board / ENTRY)
    check_contents(entry, _basis())
    assert entry.label
    is_verified(entry)
    entry_numbers(entry, _basis())
    summaries(folder)


def _prepare_entry(folder: Path) -> None:
    board = folder / "synthfaces-64"
    shutil.copytree(BOARD / ENTRY, board / ENTRY)
    for name in ("benchmark.json", "pairs.parquet"):
        shutil.copy(BOARD / name, board)


@cache
def _basis():  # type: ignore[no-untyped-def]
    from bench.leaderboard.basis import read_basis

    return read_basis(BOARD)


def _read_verified(folder: Path, content: bytes) -> None:
    """What is not as it should be is no verification, and no error."""
    from bench.leaderboard.entry import read_entry
    from bench.leaderboard.verification import is_verified

    board = folder / "synthfaces-64"
    (board / ENTRY / "verified.json").write_bytes(content)
    is_verified(read_entry(board / ENTRY))


def _read_board(folder: Path, content: bytes) -> None:
    from bench.leaderboard.basis import read_basis

    (folder / "benchmark.json").write_bytes(content)
    basis = read_basis(folder)
    assert basis.of_part("test") is not None
    basis.with_parts_of(basis)


def _prepare_board(folder: Path) -> None:
    shutil.copy(BOARD / "pairs.parquet", folder)


def _read_run(folder: Path, content: bytes) -> None:
    from bench.analysis.comparable import age
    from bench.run.store import list_runs

    (folder / "synthfaces-64" / "m-00000000" / "run.json").write_bytes(content)
    for run in list_runs(folder, "synthfaces-64"):
        stored = run.read("dev")
        assert len(stored.scores) == 3
        assert stored.label
        assert isinstance(stored.is_anchor, bool)
        assert isinstance(stored.has_alpha, bool)
        assert stored.action_units is not None
        age(stored)


def _prepare_run(folder: Path) -> None:
    from bench.run.store import RunFolder
    from bench.run.timings import Timings

    run = RunFolder(folder / "synthfaces-64" / "m-00000000")
    run.write_info({k: v for k, v in samples.RUN_INFO.items() if k != "schema_version"})
    run.write_rows(samples.score_rows(), samples.UNITS, Timings())
    run.write_references("dev", samples.reference_rows(), samples.UNITS)


def _read_timings(folder: Path, content: bytes) -> None:
    from bench.run.store import RunFolder

    run = RunFolder(folder / "synthfaces-64" / "m-00000000")
    rows = run.parts()[0].rows.encode()
    (run.folder / "timings.jsonl").write_bytes(content.replace(b"0" * 16, rows))
    timings = run.timings()
    assert isinstance(timings.images, int)
    assert timings.images_per_second is None or isinstance(timings.images_per_second, float)


def _read_precomputed(folder: Path, content: bytes) -> None:
    """Images made elsewhere and their list, as CSV or as lines of JSON."""
    from bench.methods.precomputed import Precomputed

    is_json = content.lstrip()[:1] in (b"{", b"[")
    names = ["manifest.csv", "manifest.jsonl"]
    (folder / names[not is_json]).unlink(missing_ok=True)
    (folder / names[is_json]).write_bytes(content)
    Precomputed(str(folder)).prepare(SimpleNamespace(resolution=32))


def _prepare_precomputed(folder: Path) -> None:
    (folder / "a.png").write_bytes(samples.picture("PNG"))


def _mutate_precomputed(content: bytes, random: Random) -> bytes:
    if not content.startswith(b"{"):
        return mutate_csv(content, random)
    lines = content.split(b"\n")
    at = random.randrange(len(lines))
    lines[at] = mutate_json(lines[at], random)
    return b"\n".join(lines)


def _precomputed() -> tuple[bytes, ...]:
    rows = [("s001", "happiness", who, "0.5", "a.png") for who in ("s002", "s003")]
    names = ("source", "sample", "target", "alpha", "path")
    listed = "\n".join(",".join(row) for row in (names, *rows))
    objects = "\n".join(json.dumps(dict(zip(names, row, strict=True))) for row in rows)
    return listed.encode(), objects.encode()


def _read_openface(folder: Path, content: bytes) -> None:
    from metrics.au.openface_csv import read_openface
    from metrics.au.openface_folder import read_face

    (folder / "face.csv").write_bytes(content)
    table = read_openface(folder / "face.csv")
    if table.landmarks is not None:
        table.eye_centres()
    read_face(folder, "face")


def _read_faces(folder: Path, content: bytes) -> None:
    from bench.data.alignment.openface import OpenFaceFolder

    (folder / "face.csv").write_bytes(content)
    for face in OpenFaceFolder(folder, ["face.png"]).faces("face.png", samples.pixels()):
        assert face.box


def _read_release(folder: Path, content: bytes) -> None:
    from bench.imports.valenzuela2021.images import ReleasedImages
    from bench.imports.valenzuela2021.reading import read_release

    sound = samples.release_files()
    # Which of the files it is, its first bytes tell as well as any.
    if content.startswith(b"["):
        names = ["evaluation/quality/AUs_reference.csv", "evaluation/quality/AUs_expression1.csv"]
        name = names[b"_mean" in content]
    else:
        name = "evaluation/likeliness/expression1.csv"
    for place, text in sound.items():
        (folder / place).write_bytes(content if place == name else text)
    release = read_release(folder)
    images = ReleasedImages(release)
    root = folder.resolve()
    assert all(path.resolve().is_relative_to(root) for path in images.needed)


def _prepare_release(folder: Path) -> None:
    for place in samples.release_files():
        (folder / place).parent.mkdir(parents=True, exist_ok=True)


def _read_tables(folder: Path, content: bytes) -> None:
    """Tables of landmarks, of aligned pictures, of AU labels and of groups."""
    from bench.data.alignment.landmark_table import read_landmark_table
    from bench.data.alignment.record import read_table
    from bench.data.layout.side import read_side_table
    from bench.data.layout.spec import LabelSpec, SideTable

    path = folder / "alignment.csv"
    path.write_bytes(content)
    table = SideTable(r"alignment\.csv", header=1, columns={"file": "file", "AU12": "left_eye_x"})
    errors = []
    for read in (
        lambda: read_landmark_table(path, ["a.png"]).faces("a.png", samples.pixels(64)),
        lambda: read_table(folder),
        lambda: read_side_table(table, folder, [path.name], {"file"}, LabelSpec("0..5")),
    ):
        try:
            read()
        except BenchError as error:
            errors.append(error)
    if errors:
        raise errors[0]


def _tables() -> tuple[bytes, ...]:
    head = "file,output,outcome,template,size,left_eye_x,left_eye_y,right_eye_x,right_eye_y,nose_x"
    rows = "a.png,a.png,ok,glow,256,3.5,20,40,20,30\nb.png,,no_face,glow,256,,,,,"
    return (
        f"{head},nose_y\n{rows.replace('30', '30,40')},\n".encode(),
        f"{head}\n{rows}\n".encode(),
    )


def _read_image(folder: Path, content: bytes) -> None:
    from bench.data.alignment.pictures import read_picture
    from bench.data.images import check_image, read_image, resize

    path = folder / "image.png"
    path.write_bytes(content)
    check_image(path, 32)
    reason = ""
    try:
        read_picture(path)
    except BenchError as error:
        reason = str(error)
    # The reason alone: the table of the aligned pictures has the name.
    assert reason == "" or reason.startswith("it ")
    pixels = read_image(path, convert=True)
    assert resize(pixels, 64).shape == (64, 64, 3)


def _read_glow_image(folder: Path, content: bytes) -> None:
    from glow.data import load_image
    from metrics.training.faces import _read_image as read_face

    path = folder / "image.png"
    path.write_bytes(content)
    load_image(path, 16)
    read_face(path, 32)


def _read_glow(folder: Path, content: bytes) -> None:
    from glow.checkpoint import load_module, load_tensors

    path = folder / "model.safetensors"
    path.write_bytes(content)
    load_tensors(path)
    load_module(path)


def _read_instrument(folder: Path, content: bytes) -> None:
    from metrics.synth_weights import load_instrument

    path = folder / "model.safetensors"
    path.write_bytes(content)
    load_instrument(path, "embedder")


def _read_checkpoint(folder: Path, content: bytes) -> None:
    import torch

    from glow.training.folder import RunFolder
    from metrics.tensor_file import read_tensors

    path = folder / "checkpoint.pt"
    path.write_bytes(content)
    RunFolder(folder).load_checkpoint(torch.device("cpu"))
    read_tensors(path)


def _read_onnx(folder: Path, content: bytes) -> None:
    from metrics.embedders.onnx import OnnxEmbedder

    path = folder / "model.onnx"
    path.write_bytes(content)
    OnnxEmbedder(path).embed(samples.pixels(64)[None])


def _read_part(folder: Path, content: bytes) -> None:
    from bench.run.parts import damaged_parts, list_parts, read_schema, read_table
    from bench.run.store import RunFolder

    run = folder / "synthfaces-64" / "m-00000000"
    for path in (run / "scores").iterdir():
        path.unlink()
    # The name has the right checksum: whoever makes a file can make that too.
    digest = hashlib.sha256(content).hexdigest()[:16]
    path = run / "scores" / f"part-{'0' * 16}-{digest}.parquet"
    path.write_bytes(content)
    damaged_parts(list_parts(run / "scores"))
    read_schema(path)
    read_table(path, "dev")
    RunFolder(run).stored_keys("dev") if path.exists() else None
    if path.exists():
        stored = RunFolder(run).read()
        assert len(stored.scores) >= 0


def _read_scores(folder: Path, content: bytes) -> None:
    from bench.leaderboard.basis import CONSTANTS, PAIR_TEXTS
    from bench.leaderboard.entry import SCORE_NUMBERS, SCORE_TEXTS
    from bench.leaderboard.tables import read_compact

    path = folder / "scores.parquet"
    path.write_bytes(content)
    try:
        read_compact(path, SCORE_TEXTS, SCORE_NUMBERS)
    except BenchError:
        read_compact(path, PAIR_TEXTS, CONSTANTS)


@cache
def _parts() -> tuple[bytes, ...]:
    from bench.run.stored_tables import schema_of

    rows = samples.score_rows(5)
    columns = {
        **dict.fromkeys(("part", "source", "sample", "target", "kind"), pa.string()),
        "alpha": pa.float64(), "outcome": pa.string(), "detail": pa.string(),
    }  # fmt: skip
    table = pa.Table.from_pylist(rows, schema=schema_of(columns, samples.UNITS, rows))
    timed = table.replace_schema_metadata({"timings": json.dumps({"images": 3})})
    return (
        samples.parquet(table, compression="zstd"),
        samples.parquet(timed, compression="snappy"),
        samples.parquet(table, compression="none", use_dictionary=False),
    )


@cache
def _boards() -> tuple[bytes, ...]:
    from bench.leaderboard.basis import CONSTANTS, PAIR_TEXTS, PAIRS_FILE
    from bench.leaderboard.entry import SCORE_NUMBERS, SCORE_TEXTS
    from bench.leaderboard.tables import read_compact, write_compact

    scores = read_compact(BOARD / ENTRY / "scores.parquet", SCORE_TEXTS, SCORE_NUMBERS)
    pairs = read_compact(BOARD / PAIRS_FILE, PAIR_TEXTS, CONSTANTS)
    return (
        write_compact(scores[:40], SCORE_TEXTS, SCORE_NUMBERS),
        write_compact(pairs[:40], PAIR_TEXTS, CONSTANTS),
    )


def _mutate_parquet(content: bytes, random: Random) -> bytes:
    """Changes bytes, or columns: another kind, another name, nothing in it, or none of it."""
    import pyarrow.parquet as pq

    if random.random() < 0.7:
        return mutate_bytes(content, random)
    table = pq.read_table(pa.BufferReader(content))
    for _ in range(random.choice([1, 1, 2])):
        at = random.randrange(table.num_columns)
        name, rows = table.schema.names[at], table.num_rows
        kinds = [
            pa.array([None] * rows),
            pa.array([random.choice([0, 1, 2**40])] * rows),
            pa.array([random.choice(["", "dev", "a" * 100_000, "../x"])] * rows),
            pa.array([b"\xff\xfe"] * rows),
            pa.array([[1.0]] * rows),
            pa.array([{"a": 1}] * rows),
            pa.array([True] * rows),
            pa.array([float("nan")] * rows),
        ]
        match random.randrange(4):
            case 0:
                table = table.set_column(at, name, random.choice(kinds))
            case 1:
                table = table.remove_column(at)
            case 2:
                table = table.rename_columns(
                    [*table.schema.names[:at], random.choice(["part", "embedding", "x", ""]),
                     *table.schema.names[at + 1 :]]
                )  # fmt: skip
            case 3:
                table = table.slice(0, random.choice([0, 1]))
        if table.num_columns == 0:
            break
    return samples.parquet(table)


def _texts(mutate: Mutator) -> Mutator:
    """Mostly what its kind of text is made of, sometimes any text or bytes."""
    return mixed(mutate, mutate, mutate, mutate_text, mutate_bytes)


def _rewritten(path: Path) -> Callable[[], tuple[bytes, ...]]:
    return lambda: (path.read_bytes(),)


GLOW = (ValueError, FileNotFoundError)

TARGETS = {
    target.name: target
    for target in (
        Target("card", _cards, _texts(mutate_toml), _read_card, _prepare_card),
        Target(
            "split",
            lambda: (_head(DATASETS / "synthfaces" / "splits" / "v1.csv", 40),),
            _texts(mutate_csv),
            _read_split,
        ),
        Target(
            "manifest",
            lambda: (_head(DATASETS / "synthfaces" / "files.csv", 4),),
            _texts(mutate_csv),
            _read_manifest,
            _prepare_manifest,
        ),
        Target(
            "entry",
            _rewritten(BOARD / ENTRY / "entry.json"),
            _texts(mutate_json),
            _read_entry,
            _prepare_entry,
        ),
        Target(
            "board",
            _rewritten(BOARD / "benchmark.json"),
            _texts(mutate_json),
            _read_board,
            _prepare_board,
        ),
        Target(
            "run",
            lambda: (json.dumps(samples.RUN_INFO).encode(),),
            _texts(mutate_json),
            _read_run,
            _prepare_run,
        ),
        Target(
            "timings",
            lambda: (
                b'{"rows": "0000000000000000", "images": 3, "method_seconds": 0.5, '
                b'"instrument_seconds": 0.1, "peak_memory_mib": 100.0}',
            ),
            _texts(mutate_json),
            _read_timings,
            _prepare_run,
        ),
        Target(
            "verified",
            _rewritten(BOARD / ENTRY / "verified.json"),
            _texts(mutate_json),
            _read_verified,
            _prepare_entry,
        ),
        Target(
            "precomputed",
            _precomputed,
            _texts(_mutate_precomputed),
            _read_precomputed,
            _prepare_precomputed,
            errors=GLOW,
        ),
        Target("openface", samples.openface, _texts(mutate_csv), _read_openface, errors=GLOW),
        Target("faces", samples.openface, _texts(mutate_csv), _read_faces),
        Target(
            "release",
            lambda: tuple(samples.release_files().values()),
            _texts(mutate_csv),
            _read_release,
            _prepare_release,
        ),
        Target("tables", _tables, _texts(mutate_csv), _read_tables, names=("alignment.csv",)),
        Target(
            "image",
            samples.pictures,
            mixed(mutate_bytes, mutate_png),
            _read_image,
            is_native=True,
        ),
        Target(
            "glow-image",
            samples.pictures,
            mixed(mutate_bytes, mutate_png),
            _read_glow_image,
            errors=GLOW,
            is_native=True,
        ),
        Target(
            "safetensors",
            lambda: (samples.glow_weights(),),
            mutate_safetensors,
            _read_glow,
            errors=GLOW,
            is_native=True,
        ),
        Target(
            "instrument",
            lambda: (samples.instrument_weights(),),
            mutate_safetensors,
            _read_instrument,
            errors=GLOW,
            is_native=True,
        ),
        Target(
            "checkpoint",
            samples.checkpoints,
            mutate_bytes,
            _read_checkpoint,
            errors=GLOW,
            is_native=True,
        ),
        Target(
            "onnx",
            samples.onnx_models,
            mixed(mutate_protobuf, mutate_protobuf, mutate_bytes),
            _read_onnx,
            errors=GLOW,
            is_native=True,
        ),
        Target("part", _parts, _mutate_parquet, _read_part, _prepare_run, is_native=True),
        Target("scores", _boards, _mutate_parquet, _read_scores, is_native=True),
    )
}

NATIVE = tuple(name for name, target in TARGETS.items() if target.is_native)
