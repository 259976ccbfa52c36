"""Paths in cards, splits, lists and entries cannot leave their folder, on any system."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bench.data.card import find_cards, read_card
from bench.data.dataset import Dataset, read_groups
from bench.data.images import read_image
from bench.data.inside import inside, path_problem
from bench.data.manifest import read_manifest, verify
from bench.data.split import Pair
from bench.data.truth import read_truth
from bench.errors import BenchError
from bench.leaderboard.basis import read_basis
from bench.leaderboard.entry import entry_name, list_entries, write_entry
from bench.methods.precomputed import Precomputed
from bench.plugins.failures import InvalidOutput
from bench.run.cache import ArrayCache
from bench.run.store import RunFolder
from glow.sources import find_image_files

ROOT = Path(__file__).resolve().parents[2]
SYNTHFACES = ROOT / "datasets" / "synthfaces"
BOARD = ROOT / "leaderboards" / "synthfaces-64"

HOSTILE = [
    "..", "../x", "a/../../x", "a/..", "/etc/passwd", "//server/share/x", "\\\\server\\share\\x",
    "C:\\x", "C:x", "c:/x", "a\\..\\..\\x", "a\\x", "x\0.png", "x\n.png", "con", "a/NUL.png",
    "aux ", "COM1", "lpt9.csv", "a/ .. /x", ".. /x", "...", "x.png:stream", "", ".", "./", "/",
    "a" * 300, "a/" * 600 + "x", "x\ud800",
]  # fmt: skip

HARMLESS = [
    "x.png",
    "a/b/x.png",
    "./x.png",
    "a b/c d.png",
    "Ä/ß.png",
    "console.png",
    "com10",
    "a..b",
]


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """The card of the drawn faces with one image."""
    folder = tmp_path / "synthfaces"
    (folder / "images" / "s001").mkdir(parents=True)
    shutil.copy(SYNTHFACES / "card.toml", folder)
    header, *rows = (SYNTHFACES / "files.csv").read_text().splitlines()
    row = next(row for row in rows if row.startswith("images/s001/neutral.png"))
    (folder / "files.csv").write_text(f"{header}\n{row}\n")
    shutil.copy(SYNTHFACES / "images/s001/neutral.png", folder / "images/s001/neutral.png")
    return folder


def changed(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def as_toml(text: str) -> str:
    return json.dumps(text, ensure_ascii=True).replace("\\ud800", "\\u0001")


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_path_is_refused_with_what_is_wrong(tmp_path: Path, text: str) -> None:
    with pytest.raises(BenchError, match="the path "):
        inside(tmp_path, text)


@pytest.mark.parametrize("text", HARMLESS)
def test_a_harmless_path_is_that_of_a_file_below(tmp_path: Path, text: str) -> None:
    assert path_problem(text) is None
    assert inside(tmp_path, text) == tmp_path / text


def test_a_link_is_followed_within_the_folder_and_not_out_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, secret = tmp_path / "root", tmp_path / "secret.png"
    root.mkdir()
    secret.touch()
    (root / "file.png").touch()
    (root / "inner.png").symlink_to("file.png")
    (root / "outer.png").symlink_to(secret)
    (root / "up").symlink_to(tmp_path)
    (root / "ring").symlink_to("ring")
    (tmp_path / "root2").mkdir()
    (root / "near").symlink_to(tmp_path / "root2")
    assert inside(root, "inner.png").is_file()
    for text in ("outer.png", "up/secret.png", "near"):
        with pytest.raises(BenchError, match=r"a link that leaves .*BENCH_FOLLOW_LINKS=1"):
            inside(root, text)
    assert not inside(root, "ring").exists()
    monkeypatch.setenv("BENCH_FOLLOW_LINKS", "1")
    assert inside(root, "outer.png").is_file()
    with pytest.raises(BenchError, match="leaves its folder"):
        inside(root, "../secret.png")


def test_the_folder_itself_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "x.png").touch()
    (tmp_path / "root").symlink_to("real")
    assert inside(tmp_path / "root", "x.png").is_file()


@pytest.mark.parametrize("text", [text for text in HOSTILE if text])
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('split = "v1"', "split = {}"),
        ('groups_file = ""', "groups_file = {}"),
        ('file = "faces.csv"', "file = {}"),
    ],
)
def test_no_path_on_a_card_leaves_its_folder(dataset: Path, old: str, new: str, text: str) -> None:
    changed(dataset / "card.toml", old, new.format(as_toml(text)))
    with pytest.raises(BenchError, match=r"card\.toml"):
        read_card(dataset / "card.toml")


# "." is the same folder, written otherwise.
@pytest.mark.parametrize("text", [text for text in HOSTILE if text not in ("", ".", "./")])
def test_no_layout_on_a_card_leaves_its_folder(dataset: Path, text: str) -> None:
    old = 'path = "images/{identity}/{sample}.png"'
    changed(dataset / "card.toml", old, f"path = {as_toml(text + '/{identity}/{sample}')}")
    with pytest.raises(BenchError, match=r"card\.toml"):
        read_card(dataset / "card.toml")


@pytest.mark.parametrize("field", ["embedder", "au_estimator"])
@pytest.mark.parametrize(
    "spec", ["evil.py", "./evil.py", "openface:./program", "model.onnx", "synth:/x", "", "a b"]
)
def test_a_card_cannot_name_a_program_or_a_file_as_an_instrument(
    dataset: Path, field: str, spec: str
) -> None:
    changed(dataset / "card.toml", f'{field} = "synth"', f'{field} = "{spec}"')
    with pytest.raises(BenchError, match=rf"{field} must be the name of an installed one"):
        read_card(dataset / "card.toml")


@pytest.mark.parametrize("name", ["../london", "..", "/etc", "C:x", ""])
def test_the_name_of_a_dataset_is_no_path(name: str) -> None:
    assert find_cards(name) == []


@pytest.mark.parametrize(
    "text", [text for text in HOSTILE if "\n" not in text and text[1:] != "\ud800"]
)
def test_no_path_in_a_list_of_images_leaves_the_data_folder(dataset: Path, text: str) -> None:
    changed(dataset / "files.csv", "images/s001/neutral.png", f'"{text}"')
    with pytest.raises(BenchError, match=r"files\.csv:2: "):
        read_manifest(dataset / "files.csv")


def test_an_image_that_is_a_link_out_of_the_data_folder_is_not_read(dataset: Path) -> None:
    image = dataset / "images/s001/neutral.png"
    secret = dataset.parent / "secret.png"
    image.rename(secret)
    image.symlink_to(secret)
    card = read_card(dataset / "card.toml")
    data = Dataset(card, dataset, 64)
    with pytest.raises(BenchError, match="a link that leaves"):
        data.pixels(data.sample("s001", "neutral"))
    ((_, problem),) = verify(card, dataset)
    assert "a link that leaves" in str(problem)


def test_tables_beside_a_card_are_no_links_out_of_it(dataset: Path) -> None:
    changed(dataset / "card.toml", 'groups_file = ""', 'groups_file = "identities.csv"')
    for name in ("identities.csv", "faces.csv"):
        shutil.copy(SYNTHFACES / name, dataset.parent)
        (dataset / name).symlink_to(dataset.parent / name)
    card = read_card(dataset / "card.toml")
    with pytest.raises(BenchError, match="a link that leaves"):
        read_groups(card, dataset)
    with pytest.raises(BenchError, match="a link that leaves"):
        read_truth(card)


@pytest.mark.parametrize("path", ["../secret.png", "/x.png", "a/../../secret.png", "link.png"])
def test_no_image_that_was_made_elsewhere_is_read_from_outside_of_its_folder(
    tmp_path: Path, path: str
) -> None:
    folder, secret = tmp_path / "made", tmp_path / "secret.png"
    folder.mkdir()
    Image.new("RGB", (32, 32)).save(secret)
    (folder / "link.png").symlink_to(secret)
    row = {"source": "a", "sample": "glad", "target": "b", "alpha": 0.5, "path": path}
    (folder / "manifest.jsonl").write_text(json.dumps(row))
    method = Precomputed(str(folder))
    method.prepare(SimpleNamespace(resolution=32))  # type: ignore[arg-type]
    pair = Pair("test", "a", "glad", "b")
    with pytest.raises(InvalidOutput, match="lies outside of the folder"):
        method.transfer([SimpleNamespace(pair=pair, alpha=0.5)])  # type: ignore[list-item]


@pytest.mark.parametrize("path", ["../secret.png", "/x.png", "C:\\x.png", "a\\..\\..\\x.png"])
def test_training_takes_no_image_from_outside_of_a_dataset(dataset: Path, path: str) -> None:
    (dataset / "splits").mkdir()
    (dataset / "splits" / "v1.csv").write_text(
        "part,source,sample,target,kind\ndev,s001,neutral,s001,self\n"
    )
    (dataset.parent / "secret.png").touch()
    header, row = (dataset / "files.csv").read_text().splitlines()
    other = row.replace("images/s001/neutral.png", path).replace("neutral", "other")
    (dataset / "files.csv").write_text(f"{header}\n{row}\n{other}\n")
    with pytest.raises(ValueError, match=r"files\.csv: the path .* does not lie below"):
        find_image_files([dataset])


def test_training_follows_no_split_out_of_its_folder(dataset: Path) -> None:
    changed(dataset / "card.toml", 'split = "v1"', 'split = "../../secret"')
    with pytest.raises(ValueError, match="does not lie below"):
        find_image_files([dataset])


@pytest.mark.parametrize("method", ["..", ".", "...", "con", "NUL", "x" * 300])
def test_a_method_of_a_hostile_name_is_not_written_to_a_board(tmp_path: Path, method: str) -> None:
    board = tmp_path / "boards" / "board"
    shutil.copytree(BOARD / "target-neutral", board / "target-neutral")
    shutil.copy(BOARD / "benchmark.json", board)
    shutil.copy(BOARD / "pairs.parquet", board)
    (entry,) = list_entries(board)
    skipped = ("$schema", "schema_version", "scores_sha256")
    info = {name: value for name, value in entry.info.items() if name not in skipped}
    info["method"] = {**info["method"], "name": method}
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(BenchError, match="the path "):
        write_entry(board, info, entry.scores)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("method", ["a/b", "../x", "C:\\x", "a:b", "a\0b", "é"])
def test_other_names_of_methods_are_written_as_one_name(method: str) -> None:
    assert path_problem(entry_name(method, {"folder": "../x"})) is None
    assert "/" not in entry_name(method, {"folder": "../x"})


def test_entries_and_boards_are_no_links_out_of_their_folder(tmp_path: Path) -> None:
    board = tmp_path / "board"
    board.mkdir()
    (board / "target-neutral").symlink_to(BOARD / "target-neutral")
    with pytest.raises(BenchError, match="a link that leaves"):
        list_entries(board)
    (board / "target-neutral").unlink()
    (board / "target-neutral").mkdir()
    for name in ("entry.json", "scores.parquet"):
        (board / "target-neutral" / name).symlink_to(BOARD / "target-neutral" / name)
    with pytest.raises(BenchError, match="a link that leaves"):
        list_entries(board)
    (board / "benchmark.json").symlink_to(BOARD / "benchmark.json")
    with pytest.raises(BenchError, match="a link that leaves"):
        read_basis(board)


@pytest.mark.parametrize("named", ["../x", "/x", "a\\b", "", "nul", 3, None])
def test_a_run_of_a_hostile_benchmark_is_refused(tmp_path: Path, named: object) -> None:
    info: dict[str, Any] = {
        "schema_version": 1, "benchmark": named, "action_units": [], "created": "",
        "method": {"name": "m", "has_alpha": True, "is_anchor": False},
        "identity": {"hash": "", "parts": {"parameters": {}}},
    }  # fmt: skip
    (tmp_path / "run.json").write_text(json.dumps(info))
    with pytest.raises(BenchError, match=r"run\.json is not a run's description: benchmark"):
        RunFolder(tmp_path)
    info["benchmark"] = "synthfaces-64"
    nameless = {**info, "method": {**info["method"], "name": " "}}
    (tmp_path / "run.json").write_text(json.dumps(nameless))
    with pytest.raises(BenchError, match=r"description: method\.name is empty"):
        RunFolder(tmp_path)
    (tmp_path / "run.json").write_text(json.dumps(info))
    assert RunFolder(tmp_path).info["method"]["name"] == "m"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_in_place_of_a_file_is_refused_and_not_waited_for(dataset: Path) -> None:
    pipe = dataset / "pipe.png"
    os.mkfifo(pipe)
    with pytest.raises(BenchError, match=r"pipe\.png is no file"):
        read_image(pipe)
    row = {"source": "a", "sample": "glad", "target": "b", "path": "pipe.png"}
    (dataset / "manifest.jsonl").write_text(json.dumps(row))
    Precomputed(str(dataset)).prepare(SimpleNamespace(resolution=32))  # type: ignore[arg-type]
    (dataset / "card.toml").unlink()
    os.mkfifo(dataset / "card.toml")
    with pytest.raises(BenchError, match="no dataset card"):
        read_card(dataset / "card.toml")


@pytest.mark.skipif(os.name == "nt", reason="has other rights")
def test_latents_can_be_read_by_nobody_else(tmp_path: Path) -> None:
    cache = ArrayCache(tmp_path / "cache")
    cache.put("latents", "a" * 64, {"value": np.ones(3)})
    cache.flush()
    (entry,) = (path for path in (tmp_path / "cache").rglob("*") if path.is_file())
    assert entry.parent.stat().st_mode & 0o077 == 0
