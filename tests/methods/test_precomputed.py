"""Images from a folder: what its list may say, and what becomes of what is wrong with it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bench.methods.pixel_arith import PixelArithmetic
from bench.methods.precomputed import Precomputed
from bench.run.outputs import Output, call_method

SIZE = 16
HEADER = "source,sample,target,alpha,path"


def save(path: Path, seed: int = 0, size: int = SIZE) -> np.ndarray:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(256, size=(size, size, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return pixels


@pytest.fixture
def method(context, tmp_path) -> Callable[..., Precomputed]:
    """A prepared method over ``tmp_path/out`` with these lines in its manifest."""

    def make(lines: Sequence[str], name: str = "manifest.csv") -> Precomputed:
        folder = tmp_path / "out"
        folder.mkdir(exist_ok=True)
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
        method = Precomputed(folder=str(folder))
        method.prepare(context)
        return method

    return make


def one(method: Precomputed, request) -> Output:
    return call_method(method, [request], SIZE)[0]


def test_images_of_pixel_arithmetic_come_back(context, request_for, tmp_path):
    requests = [request_for(s, t, a) for s in "ab" for t in "cd" for a in (0.0, 0.3, 1.5)]
    builtin = PixelArithmetic()
    builtin.prepare(context)
    expected = call_method(builtin, requests, SIZE)
    rows = [HEADER]
    for number, (r, output) in enumerate(zip(requests, expected, strict=True)):
        Image.fromarray(output.pixels).save(tmp_path / f"{number}.png")
        alpha = r.alpha + 4e-7
        rows.append(f"{r.pair.source},{r.pair.sample},{r.pair.target},{alpha:.9f},{number}.png")
    (tmp_path / "manifest.csv").write_text("\n".join(rows[:1] + rows[:0:-1]))
    method = Precomputed(folder=str(tmp_path), name="my-gan")
    method.prepare(context)
    assert method.card.has_alpha
    assert "my-gan" in method.card.description
    for made, wanted in zip(call_method(method, requests, SIZE), expected, strict=True):
        np.testing.assert_array_equal(made.pixels, wanted.pixels)


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_a_list_without_alphas_is_a_method_without_alpha(method, request_for, tmp_path, kind):
    pixels = save(tmp_path / "out" / "a.png")
    row = {"source": "a", "sample": "smiling", "target": "b", "path": "a.png", "note": "x"}
    lines = {
        "csv": ["note," + HEADER, "x,a,smiling,b,,a.png"],
        "jsonl": ["", json.dumps(row), ""],
    }[kind]
    made = method(lines, f"manifest.{kind}")
    assert not made.card.has_alpha
    assert Precomputed.card.has_alpha
    for alpha in (0.0, 1.0):
        np.testing.assert_array_equal(one(made, request_for("a", "b", alpha)).pixels, pixels)


def test_an_image_is_brought_to_the_benchmark_s_size_and_to_rgb(method, request_for, tmp_path):
    grey = np.arange(SIZE * SIZE, dtype=np.uint8).reshape(SIZE, SIZE)
    (tmp_path / "out").mkdir()
    Image.fromarray(grey).save(tmp_path / "out" / "grey.png")
    colours = Image.fromarray(np.stack([grey, grey.T, grey], axis=-1))
    colours.putalpha(128)
    colours.save(tmp_path / "out" / "colours.png")
    Image.new("RGB", (64, 64), (10, 200, 30)).save(tmp_path / "out" / "large.png")
    files = {"b": "grey.png", "c": "colours.png", "d": "large.png"}
    made = method([HEADER, *(f"a,smiling,{t},,{path}" for t, path in files.items())])
    shown = {target: one(made, request_for("a", target)).pixels for target in files}
    np.testing.assert_array_equal(shown["b"], np.stack([grey] * 3, axis=-1))
    np.testing.assert_array_equal(shown["c"], np.stack([grey, grey.T, grey], axis=-1))
    assert shown["d"].shape == (SIZE, SIZE, 3)
    assert (shown["d"] == (10, 200, 30)).all()


def test_what_is_wrong_with_a_file_is_the_outcome_of_its_sample_alone(
    method, request_for, tmp_path
):
    folder = tmp_path / "out"
    good = save(folder / "good.png")
    save(tmp_path / "secret.png")
    (folder / "page.png").write_text("<html>404</html>")
    (folder / "cut.png").write_bytes((folder / "good.png").read_bytes()[:200])
    Image.new("RGB", (20, 16)).save(folder / "wide.png")
    Image.new("I;16", (16, 16)).save(folder / "deep.png")
    (folder / "link.png").symlink_to(tmp_path / "secret.png")
    (folder / "inner.png").symlink_to(folder / "good.png")
    (folder / "ring.png").symlink_to(folder / "ring.png")
    (folder / "folder.png").mkdir()
    expected = {
        "good.png": ("ok", ""),
        "inner.png": ("ok", ""),
        "absent.png": ("method_error", "manifest.csv:4: absent.png is missing"),
        "ring.png": ("", "manifest.csv:5: ring.png"),
        "page.png": ("invalid_output", "manifest.csv:6: page.png is not an image"),
        "cut.png": ("invalid_output", "manifest.csv:7: cut.png cannot be decoded"),
        "wide.png": ("invalid_output", "manifest.csv:8: wide.png is 20x16, expected a square"),
        "deep.png": ("invalid_output", "manifest.csv:9: deep.png is 16-bit"),
        "link.png": ("invalid_output", "manifest.csv:10: link.png lies outside"),
        "../secret.png": ("invalid_output", "../secret.png lies outside"),
        str(tmp_path / "secret.png"): ("invalid_output", "secret.png lies outside"),
        str(folder / "good.png"): ("ok", ""),
        "a\0b.png": ("invalid_output", "lies outside"),
        "folder.png": ("method_error", "folder.png is missing, or cannot be read"),
        f"{'x' * 300}.png": ("method_error", "FileNotFoundError"),
    }
    alphas = {path: number / 10 for number, path in enumerate(expected)}
    made = method([HEADER, *(f"a,smiling,b,{alphas[path]},{path}" for path in expected)])
    outputs = call_method(made, [request_for("a", "b", alpha) for alpha in alphas.values()], SIZE)
    for path, output in zip(expected, outputs, strict=True):
        outcome, detail = expected[path]
        assert outcome in ("", output.outcome), path
        assert detail in output.detail, path
        assert (output.outcome == "ok") == (output.pixels is not None)
    np.testing.assert_array_equal(outputs[0].pixels, good)


def test_a_sample_without_a_row_says_so(method, request_for, tmp_path):
    save(tmp_path / "out" / "a.png")
    made = method([HEADER, "a,smiling,b,0.5,a.png"])
    assert one(made, request_for("a", "b", 0.5)).outcome == "ok"
    for request, detail in [
        (request_for("a", "b", 0.50001), "no row for a/smiling>b at alpha 0.50001"),
        (request_for("a", "c", 0.5), "manifest.csv has no row for a/smiling>c at alpha 0.5"),
    ]:
        output = one(made, request)
        assert output.outcome == "method_error"
        assert detail in output.detail


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([HEADER], "lists no image"),
        (["source,target,alpha", "a,b,1"], r"manifest\.csv:1: no column sample, path"),
        ([HEADER, "a,smiling,b,1"], r"manifest\.csv:2: expected 5 values"),
        ([HEADER, "a,smiling,b,1,x.png,more"], r"manifest\.csv:2: expected 5 values"),
        ([HEADER, "a,smiling,b,1,x.png", "a,,b,1,x.png"], r"manifest\.csv:3: sample is missing"),
        ([HEADER, "a,smiling,b,much,x.png"], r"manifest\.csv:2: alpha 'much' is no number"),
        ([HEADER, "a,smiling,b,nan,x.png"], r"manifest\.csv:2: alpha 'nan' is no number"),
        (
            [HEADER, "a,smiling,b,0.5,x.png", "a,smiling,b,0.5000001,y.png"],
            r"manifest\.csv:3: the same pair and alpha as line 2",
        ),
        (
            [HEADER, "a,smiling,b,,x.png", "a,smiling,b,,y.png"],
            r"manifest\.csv:3: the same pair and alpha as line 2",
        ),
        (
            [HEADER, "a,smiling,b,0.5,x.png", "a,smiling,c,,y.png"],
            r"manifest\.csv:3: either all rows have an alpha or none has, and that of line 2 has",
        ),
    ],
)
def test_a_wrong_csv_names_file_and_line(method, lines, message):
    with pytest.raises(ValueError, match=message):
        method(lines)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["{"], r"manifest\.jsonl:1: no JSON"),
        (["[1]"], r"manifest\.jsonl:1: no JSON object"),
        (['{"source": "a", "sample": "s"}'], r"manifest\.jsonl:1: target is missing"),
        (
            ['{"source": "a", "sample": "s", "target": 3, "path": "x"}'],
            r"manifest\.jsonl:1: target is 3, expected a text such as '001'",
        ),
        (
            ['{"source": "a", "sample": "s", "target": "b", "path": "x", "alpha": true}'],
            r"manifest\.jsonl:1: alpha True is no number",
        ),
    ],
)
def test_wrong_json_lines_name_file_and_line(method, lines, message):
    with pytest.raises(ValueError, match=message):
        method(lines, "manifest.jsonl")


def test_a_folder_without_a_list_and_one_with_two_are_refused(context, tmp_path):
    with pytest.raises(ValueError, match="--param folder=DIR"):
        Precomputed()
    with pytest.raises(FileNotFoundError, match=r"no manifest\.csv or manifest\.jsonl in .*absent"):
        Precomputed(folder=str(tmp_path / "absent")).prepare(context)
    for name in ("manifest.csv", "manifest.jsonl"):
        (tmp_path / name).write_text("")
    with pytest.raises(ValueError, match="holds both"):
        Precomputed(folder=str(tmp_path)).prepare(context)
    (tmp_path / "manifest.jsonl").unlink()
    (tmp_path / "manifest.csv").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(ValueError, match="UTF-8"):
        Precomputed(folder=str(tmp_path)).prepare(context)


def test_the_fingerprint_is_of_the_list_and_of_all_files(context, tmp_path):
    def fingerprint() -> dict[str, str]:
        return dict(Precomputed(folder=str(tmp_path)).prepare(context))

    save(tmp_path / "a.png")
    manifest = tmp_path / "manifest.csv"
    manifest.write_text(f"{HEADER}\na,smiling,b,,a.png\na,smiling,c,,later.png\n")
    seen = [fingerprint()]
    assert fingerprint() == seen[0]
    save(tmp_path / "unlisted.png")
    assert fingerprint() == seen[0]
    save(tmp_path / "later.png", seed=1)
    seen.append(fingerprint())
    save(tmp_path / "a.png", seed=2)
    seen.append(fingerprint())
    manifest.write_text(manifest.read_text() + "a,smiling,d,,a.png\n")
    seen.append(fingerprint())
    assert len({tuple(one.items()) for one in seen}) == 4
