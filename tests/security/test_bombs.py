"""Small files that would be large, or take for ever: refused before they are decoded."""

from __future__ import annotations

import io
import json
import os
import struct
import subprocess
import sys
import textwrap
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from bench.data.alignment.pictures import read_picture
from bench.data.card import read_card
from bench.data.images import read_image
from bench.data.layout.pattern import compile_pattern, fits
from bench.data.layout.survey import survey
from bench.data.tables import read_rows
from bench.errors import BenchError
from bench.leaderboard.schema import read_json
from bench.leaderboard.tables import read_compact
from bench.leaderboard.verification import read_verified
from bench.methods.precomputed import Precomputed
from bench.run.parts import read_table
from bench.run.stored_tables import MOST_ROWS
from glow.checkpoint import WeightsFile
from glow.data import load_image
from metrics.synth_weights import load_instrument

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _usual_depth() -> Iterator[None]:
    """Of calls within calls: libraries that other tests have loaded may allow more."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(1000)
    yield
    sys.setrecursionlimit(before)


def chunk(kind: bytes, content: bytes) -> bytes:
    check = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)


def png(width: int, height: int, *more: bytes) -> bytes:
    """A PNG of 8-bit RGB that is all black, of a few kilobytes."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(1000))
    end = chunk(b"IEND", b"")
    return b"".join(
        [b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", header), *more, chunk(b"IDAT", rows), end]
    )


def with_little_memory(code: str, *arguments: object) -> str:
    """What a program prints that may have one GiB beyond what its imports need."""
    program = textwrap.dedent(
        f"""
        import sys
        sys.path.insert(0, sys.argv[1])
        from pathlib import Path
        from tests.fuzz.worker import limit_memory
        from bench.data.alignment.pictures import read_picture
        from bench.data.images import read_image
        from bench.leaderboard.tables import read_compact
        from bench.run.parts import read_table
        limit_memory()
        path = Path(sys.argv[2])
        try:
            value = {code}
            print("read", getattr(value, "shape", ""))
        except Exception as error:
            print(type(error).__name__, error)
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(ROOT), *map(str, arguments)],
        capture_output=True, text=True, timeout=120, check=True, cwd=ROOT,
        # Arrow's own pools reserve a gibibyte before they need it.
        env={**os.environ, "ARROW_DEFAULT_MEMORY_POOL": "system"},
    )  # fmt: skip
    return done.stdout


@pytest.mark.parametrize("side", [8193, 13_000, 20_000, 60_000, 2**31 - 1])
def test_a_picture_of_too_many_pixels_is_refused_by_its_header(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, side: int
) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(png(side, side))
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("decoded"))
    with pytest.raises(BenchError, match=r"bomb\.png .*(larger than 8192|cannot be decoded)"):
        read_image(path)
    with pytest.raises(ValueError, match=r"cannot read the image .*bomb\.png"):
        load_image(path, 16)
    if side > 11_000:
        with pytest.raises(BenchError, match=r"too large to be decoded safely|cannot be decoded"):
            read_picture(path)


@pytest.mark.slow
@pytest.mark.parametrize("reader", ["read_image(path)", "read_picture(path)"])
def test_the_largest_picture_that_is_allowed_needs_less_than_a_gibibyte(
    tmp_path: Path, reader: str
) -> None:
    path = tmp_path / "large.png"
    side = 8192
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(1 + 3 * side) * side, 1)
    parts = [chunk(b"IHDR", header), chunk(b"IDAT", rows), chunk(b"IEND", b"")]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))
    assert path.stat().st_size < 2_000_000
    assert with_little_memory(reader, path).startswith("read")


@pytest.fixture(scope="module")
def packed_gibibyte() -> bytes:
    """Zeros, in a few megabytes."""
    zeros = zlib.compressobj(1)
    block = bytes(1 << 24)
    return b"".join(zeros.compress(block) for _ in range(64)) + zeros.flush()


@pytest.mark.parametrize("kind", ["iCCP", "zTXt", "iTXt"])
def test_a_profile_or_text_that_unpacks_to_a_gigabyte_is_not_unpacked(
    tmp_path: Path, packed_gibibyte: bytes, kind: str
) -> None:
    start = b"name\0\0" if kind != "iTXt" else b"name\0\1\0\0\0"
    path = tmp_path / "text.png"
    path.write_bytes(png(64, 64, chunk(kind.encode(), start + packed_gibibyte)))
    assert "read (" not in (said := with_little_memory("read_image(path)", path))
    assert said.startswith("BenchError the image ")
    assert "memory" not in said


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_an_animation_is_no_picture(tmp_path: Path, kind: str) -> None:
    frames = [Image.new("RGB", (32, 32), (50 * place, 0, 0)) for place in range(5)]
    path = tmp_path / "face.png"
    frames[0].save(path, kind, save_all=True, append_images=frames[1:])
    with pytest.raises(BenchError, match="is an animation of 5 frames"):
        read_image(path)
    with pytest.raises(BenchError, match="it is an animation of 5 frames"):
        read_picture(path)


def test_a_jpeg_that_goes_over_its_pixels_for_hours_is_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (4096, 4096)).save(buffer, "JPEG", progressive=True)
    content = buffer.getvalue()
    last, end = content.rfind(b"\xff\xc4"), content.rfind(b"\xff\xd9")
    assert 0 < last < content.rfind(b"\xff\xda") < end
    path = tmp_path / "face.jpg"
    path.write_bytes(content)
    assert read_image(path).shape == (4096, 4096, 3)
    path.write_bytes(content[:end] + content[last:end] * 1000 + content[end:])
    assert path.stat().st_size < 5_000_000
    with pytest.raises(BenchError, match=r"goes 10.. times over its 4096x4096 pixels"):
        read_image(path)
    with pytest.raises(BenchError, match=r"goes 10.. times over"):
        read_picture(path)


def test_a_file_whose_decoder_would_start_a_program_is_no_image(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "face.png"
    path.write_bytes(
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 64\n%%EndComments\nshowpage\n%%EOF\n"
    )
    with Image.open(path) as file:  # so Pillow would take it
        assert file.format == "EPS"
    monkeypatch.setattr(subprocess, "Popen", lambda *_, **__: pytest.fail("started a program"))
    with pytest.raises(BenchError, match=r"face\.png is not an image"):
        read_image(path)
    with pytest.raises(BenchError, match="it is not an image"):
        read_picture(path)
    with pytest.raises(ValueError, match="cannot read the image"):
        load_image(path, 16)


TEXTS, NUMBERS = ("part", "source"), ("alpha", "niqe")


def table(rows: int, source: str = "a") -> pa.Table:
    """A text that is long is held once, and by its number in each row."""
    sources = pa.DictionaryArray.from_arrays(np.zeros(rows, np.int32), [source])
    return pa.table(
        {
            "part": pa.array(["dev"] * rows),
            "source": sources if len(source) > 100 else sources.cast(pa.string()),
            "alpha": pa.nulls(rows, pa.float64()),
            "niqe": pa.nulls(rows, pa.float32()),
        }
    )


def test_a_table_of_one_long_text_in_every_row_does_not_fill_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "scores.parquet"
    pq.write_table(table(20_000, "x" * 200_000), path, compression="zstd", store_schema=False)
    assert path.stat().st_size < 100_000  # and 4 GB of text
    said = with_little_memory(f"read_compact(path, {TEXTS}, {NUMBERS})", path)
    assert said.startswith("BenchError ")
    assert "holds a text of 200000 bytes" in said


def test_a_table_that_says_it_has_a_billion_rows_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "part-0000000000000000.parquet"
    monkeypatch.setattr("bench.leaderboard.tables.MOST_ROWS", 1000)
    monkeypatch.setattr("bench.run.stored_tables.MOST_ROWS", 1000)
    pq.write_table(table(1001), path)
    monkeypatch.setattr(pq.ParquetFile, "read", lambda *_, **__: pytest.fail("read"))
    with pytest.raises(BenchError, match="says that it has 1001 rows"):
        read_compact(path, TEXTS, NUMBERS)
    with pytest.raises(BenchError, match="says that it has 1001 rows"):
        read_table(path)
    assert MOST_ROWS <= 20_000_000


def test_a_text_or_a_table_that_is_too_large_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "card.toml"
    with path.open("wb") as file:
        file.truncate(5 << 30)  # takes no room on the disk
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: pytest.fail("read"))
    for read in (read_card, read_rows, lambda path: read_json(path, "missing")):
        with pytest.raises(BenchError, match=r"card\.toml has 5120 MiB, and a file of this kind"):
            read(path)


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"a": ' * 100_000, "1" * 5000, '"\\ud800"', "1e999", "-Infinity", "{"]
)
def test_a_json_file_that_nothing_can_be_done_with_is_refused_by_name(
    tmp_path: Path, text: str
) -> None:
    path = tmp_path / "entry.json"
    path.write_text('{"a": ' + text + "}" if not text.startswith(("[", "{")) else text)
    with pytest.raises(BenchError, match=r"cannot read .*entry\.json: "):
        read_json(path, "missing")


def test_lists_nested_without_end_are_refused_where_a_line_or_a_record_is_json(
    tmp_path: Path,
) -> None:
    text = "[" * 100_000
    (tmp_path / "verified.json").write_text(text)
    assert read_verified(tmp_path) is None
    values = {"source": "a", "sample": "s", "target": "b", "path": "x.png", "alpha": 10**400}
    for line, words in ((text, "no JSON: it is nested"), (json.dumps(values), "alpha 1000")):
        (tmp_path / "manifest.jsonl").write_text(line)
        with pytest.raises(ValueError, match=rf"manifest\.jsonl:1: .*{words}"):
            Precomputed(str(tmp_path)).prepare(SimpleNamespace(resolution=32))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("a = " + "[" * 3000, "nested too deeply"),
        ("a = " + "1" * 5000, "is not valid TOML"),
        ("a." * 3000 + "b = 1", r"unknown field\(s\) a"),
    ],
)
def test_a_card_that_is_nested_or_long_without_end_is_refused(
    tmp_path: Path, line: str, words: str
) -> None:
    path = tmp_path / "card.toml"
    card = (ROOT / "datasets" / "synthfaces" / "card.toml").read_text(encoding="utf-8")
    path.write_text(f"{line}\n{card}", encoding="utf-8")
    with pytest.raises(BenchError, match=rf"card\.toml.*{words}"):
        read_card(path)


@pytest.mark.parametrize(
    "pattern", ["(?P<identity>a{99999999999})", "(" * 900 + ")" * 900, "a" * 3000, "(?P<1>a)"]
)
def test_a_pattern_that_cannot_be_compiled_is_refused(tmp_path: Path, pattern: str) -> None:
    path = tmp_path / "card.toml"
    card = (ROOT / "datasets" / "kdef" / "card.toml").read_text(encoding="utf-8")
    line = next(line for line in card.splitlines() if line.startswith("pattern"))
    path.write_text(card.replace(line, f"pattern = '{pattern}'"), encoding="utf-8")
    with pytest.raises(
        BenchError, match=r"card\.toml: layout: pattern .* is no regular expression"
    ):
        read_card(path)


def test_a_pattern_that_takes_for_ever_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.data.layout.pattern.MOST_SECONDS", 0.2)
    compiled = compile_pattern("^(?P<identity>(a+)+)b")
    assert fits(compiled, "aab") is not None
    with pytest.raises(BenchError, match=r"the card's pattern .* takes more than 0\.2 s"):
        fits(compiled, "a" * 60)
    path = tmp_path / "card.toml"
    card = (ROOT / "datasets" / "kdef" / "card.toml").read_text(encoding="utf-8")
    line = next(line for line in card.splitlines() if line.startswith("pattern"))
    sound = line.partition("=")[2].strip().strip("'")
    path.write_text(card.replace(line, f"pattern = '(?:([A-Z]+)+9)?{sound}'"), encoding="utf-8")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / f"{'A' * 60}.png").touch()
    with pytest.raises(BenchError, match="takes more than"):
        survey(read_card(path), tmp_path / "data")


def header_of(values: dict[str, str]) -> bytes:
    header = json.dumps({"__metadata__": values}).encode()
    return struct.pack("<Q", len(header)) + header


@pytest.mark.parametrize(
    "config",
    [
        {"levels": 10**9}, {"levels": 14, "steps": 1024, "image_size": 16384}, {"levels": "4"},
        {"width": 10**12}, {"classes": 10**12}, {"image_size": 2**40}, {"steps": True},
        {"levels": 2.0},
    ],
)  # fmt: skip
def test_a_header_of_weights_cannot_make_a_larger_network_than_the_file(
    tmp_path: Path, config: dict[str, object]
) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(header_of({"format": "glow-1", "config": json.dumps(config)}))
    with pytest.raises(ValueError, match=r"model\.safetensors has no valid configuration"):
        WeightsFile(path)


@pytest.mark.parametrize(
    "config",
    [
        {"outputs": 2**40, "channels": [4]}, {"outputs": 1, "channels": [2**19, 2**19]},
        {"outputs": 1, "channels": [4], "blocks": 10**9}, {"outputs": 1, "channels": [True]},
    ],
)  # fmt: skip
def test_nor_can_that_of_an_instrument(tmp_path: Path, config: dict[str, object]) -> None:
    path = tmp_path / "model.safetensors"
    values = {
        "format": "synth-instrument-1", "kind": "embedder", "config": json.dumps(config),
        "action_units": "[]", "training": "{}",
    }  # fmt: skip
    path.write_bytes(header_of(values))
    with pytest.raises(ValueError, match=r"model\.safetensors does not fit its own header"):
        load_instrument(path, "embedder")
