from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from PIL import Image

from bench.data.dataset import Dataset
from bench.data.layout.scan import build_manifest
from bench.data.manifest import read_manifest, verify, write_manifest
from bench.errors import BenchError


def test_the_published_list_is_that_of_the_real_files(london, london_data):
    entries = read_manifest(london.manifest)
    assert len(entries) == 204
    assert build_manifest(london, london_data) == entries
    assert [problem for _, problem in verify(london, london_data) if problem] == []


def spoil(path, fault, make_png) -> None:
    image = Image.open(path)
    image.load()
    match fault:
        case "missing":
            path.unlink()
        case "truncated":
            path.write_bytes(path.read_bytes()[:20_000])
        case "text":
            path.write_text("<html>404</html>")
        case "empty":
            path.write_bytes(b"")
        case "grey":
            image.convert("L").save(path)
        case "transparent":
            image.convert("RGBA").save(path)
        case "16-bit":
            row = b"\0" + bytes(256 * 6)
            path.write_bytes(make_png(256, 256, bits=16, colour_type=2, pixels=row * 256))
        case "one pixel":
            image.resize((1, 1)).save(path)
        case "huge":
            path.write_bytes(make_png(20000, 20000, bits=8, colour_type=2, pixels=b""))
        case "small":
            image.resize((128, 128)).save(path)
        case "one grey level":
            pixels = np.array(image)
            pixels[0, 0, 0] ^= 1
            Image.fromarray(pixels).save(path)
        case "saved again":
            image.save(path, compress_level=1)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("missing", "is missing"),
        ("truncated", "cannot be decoded"),
        ("text", "is not an image"),
        ("empty", "is not an image"),
        ("grey", "is grey, expected 8-bit RGB"),
        ("transparent", "is RGBA, expected 8-bit RGB"),
        ("16-bit", "is 16-bit, expected 8-bit RGB"),
        ("one pixel", "is 1x1, smaller than 16 pixels a side"),
        ("huge", "is larger than 8192 pixels a side"),
        ("small", "has the wrong size: 128x128, expected 256x256"),
        ("one grey level", "has changed: SHA-256"),
        ("saved again", "has changed: SHA-256"),
    ],
)
def test_verify_says_in_one_line_what_is_wrong_with_a_file(handful, make_png, fault, words):
    card, data, entries = handful
    spoil(data / entries[1].path, fault, make_png)
    found = {entry.path: problem for entry, problem in verify(card, data)}
    assert list(found) == [entry.path for entry in entries]
    problem = found.pop(entries[1].path)
    assert problem is not None
    assert problem.startswith(words)
    assert "\n" not in problem
    assert set(found.values()) == {None}


@pytest.mark.parametrize("fault", ["missing", "truncated", "one grey level"])
def test_a_spoilt_file_is_not_used(handful, make_png, fault):
    card, data, entries = handful
    spoil(data / entries[1].path, fault, make_png)
    dataset = Dataset(card, data, 64)
    fine, spoilt = (dataset.sample(e.identity, e.sample) for e in entries[:2])
    assert dataset.pixels(fine).shape == (64, 64, 3)
    with pytest.raises(BenchError, match=entries[1].path):
        dataset.pixels(spoilt)


def test_a_dataset_knows_its_samples(handful):
    card, data, _ = handful
    dataset = Dataset(card, data, 32)
    assert [s.name for s in dataset.samples("001")] == ["neutral", "smiling"]
    assert dataset.references("001") == [dataset.sample("001", "neutral")]
    assert dataset.paths(["001"]) == [
        data / "aligned256" / "001" / f"{name}.png" for name in ("neutral", "smiling")
    ]
    with pytest.raises(BenchError, match="has no identity '999'"):
        dataset.samples("999")
    with pytest.raises(BenchError, match="'001' of london has no sample 'angry'"):
        dataset.sample("001", "angry")


def test_a_listed_sample_must_stand_on_the_card(handful):
    card, data, entries = handful
    write_manifest(card.manifest, [dataclasses.replace(entries[0], sample="angry")])
    with pytest.raises(BenchError, match=r"files\.csv: .* of the sample 'angry'"):
        Dataset(card, data, 32)


def test_an_absent_folder_says_where_to_get_the_dataset(london, tmp_path):
    with pytest.raises(BenchError, match=r"no data folder at .*absent") as caught:
        list(verify(london, tmp_path / "absent"))
    assert caught.value.hint == london.how_to_get
    with pytest.raises(BenchError, match="fits the pattern"):
        build_manifest(london, tmp_path)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("a.png,a,neutral,12", "malformed"),
        ("a.png,a,neutral,many," + 64 * "0", "malformed"),
        ("a.png,a,neutral,12,abc", "malformed"),
        ("../a.png,a,neutral,12," + 64 * "0", "leaves its folder"),
        ("/a.png,a,neutral,12," + 64 * "0", "is absolute"),
        ("C:/a.png,a,neutral,12," + 64 * "0", "a drive"),
        ("b/../../a.png,a,neutral,12," + 64 * "0", "leaves its folder"),
        ("a.png,a,neutral,٣," + 64 * "0", "malformed"),
        ("a.png,a,neutral,12," + 64 * "x", "malformed"),
    ],
)
def test_a_malformed_row_is_named_with_its_line(tmp_path, row, words):
    path = tmp_path / "files.csv"
    good = "b.png,b,neutral,12," + 64 * "0"
    path.write_text(f"path,identity,sample,bytes,sha256\n{good}\n{row}\n")
    with pytest.raises(BenchError, match=rf"files\.csv:3: .*{words}"):
        read_manifest(path)


def test_a_list_without_header_is_refused(tmp_path):
    (tmp_path / "files.csv").write_text("a,b\n")
    with pytest.raises(BenchError, match=r"files\.csv:1: expected the header path,identity"):
        read_manifest(tmp_path / "files.csv")
