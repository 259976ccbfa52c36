"""From a folder of images to a dataset with a list and a split, in the user's own folder."""

from __future__ import annotations

import itertools
import tomllib
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bench.data.adding import Added, card_for, write_dataset
from bench.data.benchmark import list_benchmarks, load_benchmark
from bench.data.card import list_cards, load_card
from bench.data.dataset import Dataset, read_groups
from bench.data.layout.scan import read_images
from bench.data.layout.survey import survey
from bench.data.manifest import read_manifest
from bench.data.overview import benchmark_rows, rows_to_add
from bench.data.splitting import publish_split, split_by_recipe
from bench.data.truth import read_truth
from bench.errors import BenchError
from bench.paths import dataset_folders, datasets_folder

MakeImages = Callable[..., Path]
WriteFiles = Callable[[Path, dict[str, str]], None]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.delenv("BENCH_DATASETS", raising=False)
    monkeypatch.delenv("BENCH_DATA", raising=False)
    return folder


def add(given: str, data: Path, name: str | None = None, *, overwrite: bool = False) -> Added:
    card = card_for(given, name)
    file = Path(given) if given.endswith(".toml") else card.folder / "card.toml"
    return write_dataset(read_images(survey(card, data)), file, overwrite=overwrite)


def people(count: int, expressions: tuple[str, ...] = ("neutral", "happy", "sad")) -> list[str]:
    return [f"p{number:02d}/{name}.png" for number in range(count) for name in expressions]


def kdef(count: int) -> list[str]:
    return [
        f"A{who}{number:02d}{expression}S.JPG"
        for number in range(1, count + 1)
        for who in ("FFM"[number % 3],)
        for expression in ("NE", "HA", "SA")
    ]


def test_a_copy_becomes_a_benchmark_in_the_folder_where_one_is(make_images: MakeImages) -> None:
    data = make_images(kdef(12))
    with pytest.raises(BenchError, match="card without a list of images") as caught:
        load_benchmark("kdef")
    assert caught.value.hint == "bench data add kdef --data DIR"
    added = add("kdef", data)
    assert added.files == ("card.toml", "files.csv")
    assert added.card.folder == Path("datasets/kdef")
    with pytest.raises(BenchError, match="kdef has no split v1") as caught:
        load_benchmark("kdef")
    assert caught.value.hint == "bench data splits kdef"
    path, pairs = publish_split(added.card, "v1", added.card.split_recipe, None)
    assert path == Path("datasets/kdef/splits/v1.csv")
    benchmark = load_benchmark("kdef")
    assert list(benchmark.split.pairs) == pairs
    assert "kdef-64" in list_benchmarks()
    dataset = Dataset(benchmark.card, data, 16)
    assert dataset.pixels(dataset.references("F01")[0]).shape == (16, 16, 3)
    # The package is as it was.
    assert not load_card("kdef", datasets_folder() / "kdef").manifest.exists()


def test_a_split_holds_groups_alike_and_nobody_twice(make_images: MakeImages) -> None:
    card = add("kdef", make_images(kdef(30))).card
    pairs = split_by_recipe(card)
    parts = {part: {p.source for p in pairs if p.part == part} for part in ("dev", "test")}
    assert not parts["dev"] & parts["test"]
    groups = read_groups(card, None)
    women = {part: sum(groups[i]["gender"] == "female" for i in who) for part, who in parts.items()}
    assert women == {"dev": 8, "test": 12}
    assert len(parts["dev"]) == 12
    others = replace(card.split_recipe, seed=8)
    assert split_by_recipe(card, None, others) != pairs == split_by_recipe(card)


def test_a_split_is_published_once_with_its_recipe(make_images: MakeImages) -> None:
    card = add("kdef", make_images(kdef(12))).card
    recipe = replace(card.split_recipe, seed=5, dev_share=0.5, targets_per_source=2, balance=())
    path, pairs = publish_split(card, "v1", recipe, None)
    written = tomllib.loads(path.with_suffix(".toml").read_text())
    assert written["seed"] == 5
    assert written["dev_share"] == 0.5
    assert written["targets_per_source"] == 2
    assert written["balance"] == []
    assert len(written["files_sha256"]) == 64
    assert len(pairs) == 12 * 2 * 2
    before = path.read_bytes()
    with pytest.raises(BenchError, match="never edited") as caught:
        publish_split(card, "v1", card.split_recipe, None)
    assert "--version v2" in str(caught.value.hint)
    assert path.read_bytes() == before
    publish_split(card, "v2", card.split_recipe, None)
    with pytest.raises(BenchError) as caught:
        publish_split(card, "v2", card.split_recipe, None)
    assert "--version v3" in str(caught.value.hint)


@pytest.mark.parametrize("version", ["", "../v1", "a/b", ".hidden"])
def test_a_version_is_a_file_s_name(make_images: MakeImages, version: str) -> None:
    card = add("kdef", make_images(kdef(12))).card
    with pytest.raises(BenchError, match="cannot be called"):
        publish_split(card, version, card.split_recipe, None)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"balance": ("age",)}, "kdef has no group age"),
        ({"dev_share": 1.0}, "above 0 and below 1"),
        ({"dev_share": 0.1}, "part dev of kdef has 1 people"),
        ({"targets_per_source": 9}, "too few for 9 targets"),
        ({"people": 4}, "part dev of kdef has 2 people"),
    ],
)
def test_a_recipe_that_cannot_be_followed(make_images: MakeImages, changes, words: str) -> None:
    card = add("kdef", make_images(kdef(12))).card
    with pytest.raises(BenchError, match=words):
        split_by_recipe(card, None, replace(card.split_recipe, **changes))


def test_samples_may_be_missing_and_many(make_images: MakeImages) -> None:
    """People with several images of one expression, without neutral, with references alone."""
    data = make_images(
        [
            *people(6),
            *(f"p{n:02d}/happy-{k}.png" for n in range(3) for k in (2, 3)),
            "q1/reference-01.png", "q1/reference-02.png", "q1/happy.png",
            "q2/neutral.png",
            "q3/happy.png",
        ]
    )  # fmt: skip
    card = add("folder-per-person", data, "crowd").card
    pairs = split_by_recipe(card)
    sources, targets = Counter(p.source for p in pairs), Counter(p.target for p in pairs)
    assert sources == {**dict.fromkeys(("p00", "p01", "p02"), 4), "p03": 2, "p04": 2, "p05": 2,
                       "q1": 1}  # fmt: skip
    assert "q2" in targets  # nothing to give, a face to receive
    assert "q3" not in targets  # no mean face
    assert "q3" not in sources
    assert all(pair.source != pair.target for pair in pairs)
    parts = {part: {p.target for p in pairs if p.part == part} for part in ("dev", "test")}
    for part, person in {(p.part, p.source) for p in pairs}:
        met = Counter(p.target for p in pairs if p.source == person)
        # Nobody comes a second time before all others were met.
        assert len(met) == min(sources[person], len(parts[part] - {person}))
    dataset = Dataset(card, data, 16)
    assert [s.expression for s in dataset.references("q1")] == ["reference", "reference"]
    assert [s.name for s in dataset.samples("p00")] == [
        "neutral", "happy", "happy-2", "happy-3", "sad",
    ]  # fmt: skip


def test_the_list_keeps_role_expression_intensity_and_groups(make_images: MakeImages) -> None:
    clip = "{}/video/front/{}/level_{}/001/0001.png"
    shown = (("neutral", 1), ("happy", 1), ("happy", 3))
    data = make_images(clip.format(f"M{n:03d}", e, level) for n in range(8) for e, level in shown)
    card = add("mead", data).card
    header = (card.manifest.read_text()).splitlines()[0]
    assert header == "path,identity,sample,bytes,sha256,role,expression,intensity,gender"
    samples = Dataset(card, data, 16).samples("M003")
    assert [(s.is_reference, s.expression, s.intensity) for s in samples] == [
        (True, "neutral", "1"), (False, "happy", "1"), (False, "happy", "3"),
    ]  # fmt: skip
    assert read_groups(card, None)["M003"] == {"gender": "male"}


def test_identities_alone_calibrate_and_are_not_run_on(make_images: MakeImages) -> None:
    several = [f"P_{n}/P_{n}_000{k}.jpg" for n in range(8) for k in (1, 2, 3)]
    card = add("lfw", make_images([*several, "Q/Q_0001.jpg"])).card
    publish_split(card, "v1", card.split_recipe, None)
    benchmark = load_benchmark("lfw")
    assert benchmark.is_calibration
    assert {pair.kind for pair in benchmark.split.pairs} == {"self"}
    everybody = {*benchmark.split.identities("dev"), *benchmark.split.identities("test")}
    assert everybody == {f"P_{n}" for n in range(8)}  # one image says nothing of two of a person
    with pytest.raises(BenchError, match="lfw has identities without expressions") as caught:
        benchmark.check_expressions()
    assert "bench check-instruments lfw" in str(caught.value.hint)


def test_labels_come_along(make_images: MakeImages, write_files: WriteFiles) -> None:
    data = make_images(f"img/SN00{n}/{frame}.png" for n in range(3) for frame in range(2))
    units = (1, 2, 4, 5, 6, 9, 12, 15, 17, 20, 25, 26)
    for n, unit in itertools.product(range(3), units):
        write_files(data, {f"SN00{n}/SN00{n}_au{unit}.txt": f"1,0\n2,{3 * (unit == 12)}\n"})
    added = add("disfa", data)
    assert added.files == ("card.toml", "files.csv", "labels.csv")
    truth = read_truth(added.card)
    assert truth is not None
    assert truth.scale == "0..5"
    assert truth.intensities["SN001", "1"].tolist() == [0.0] * 6 + [3.0] + [0.0] * 5
    assert set(truth.intensities) == {(e.identity, e.sample) for e in read_manifest(
        added.card.manifest)}  # fmt: skip


def test_adding_twice_changes_nothing_and_never_overwrites_in_silence(
    make_images: MakeImages,
) -> None:
    data = make_images(people(4))
    first = add("folder-per-person", data, "crowd")
    before = first.card.manifest.read_bytes()
    assert add("crowd", data).files == ()
    (data / "p00" / "sad.png").unlink()
    with pytest.raises(BenchError, match=r"files\.csv is there already and differs") as caught:
        add("crowd", data)
    assert "--replace" in str(caught.value.hint)
    assert first.card.manifest.read_bytes() == before
    again = add("crowd", data, overwrite=True)
    assert (again.files, again.replaced) == (("files.csv",), True)
    assert len(read_manifest(again.card.manifest)) == 11


def test_a_card_of_one_s_own(make_images: MakeImages, tmp_path: Path) -> None:
    text = (datasets_folder() / "folder-per-person" / "card.toml").read_text()
    mine = tmp_path / "mine.toml"
    mine.write_text(text.replace('name = "folder-per-person"', 'name = "mine"'))
    added = add(str(mine), make_images(people(3)))
    assert added.card.folder == Path("datasets/mine")
    # A card that lies in the folder of datasets gets its list there.
    hand_made = Path("datasets/hand-made")
    hand_made.mkdir()
    (hand_made / "card.toml").write_text(text.replace("folder-per-person", "hand-made", 1))
    assert add("hand-made", tmp_path / "copy").files == ("files.csv",)
    with pytest.raises(BenchError, match="no dataset card at"):
        add(str(tmp_path / "none.toml"), tmp_path / "copy")
    with pytest.raises(BenchError, match="did you mean 'kdef'"):
        add("kdeff", tmp_path / "copy")
    with pytest.raises(BenchError, match="name must be lower case"):
        add("kdef", tmp_path / "copy", "My Faces")


def test_a_dataset_that_is_ready_needs_no_adding(embedded_copy: Path) -> None:
    with pytest.raises(BenchError, match="nothing is to be added") as caught:
        add("synthfaces", embedded_copy)
    assert caught.value.hint == "bench data verify synthfaces"


@pytest.fixture
def embedded_copy() -> Path:
    return datasets_folder() / "synthfaces"


def test_the_first_card_of_a_name_wins_and_the_overview_says_so(
    make_images: MakeImages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = make_images(kdef(12))
    here = add("kdef", data).card
    publish_split(here, "v1", here.split_recipe, None)
    row = next(row for row in benchmark_rows() if row["name"] == "kdef-64")
    assert (row["card"], row["comes_with_bench"]) == ("datasets/kdef/card.toml", False)
    assert row["hidden"] == [str(datasets_folder() / "kdef" / "card.toml")]
    assert "kdef" not in {row["name"] for row in rows_to_add()}
    first = tmp_path / "first"
    monkeypatch.setenv("BENCH_DATASETS", str(first))
    assert load_card("kdef").folder == Path("datasets/kdef")
    moved = add("kdef", data).card
    assert moved.folder == first / "kdef"
    assert load_card("kdef").folder == first / "kdef"
    assert dataset_folders() == [first, Path("datasets"), datasets_folder()]
    assert {"kdef", "london", "rafd"} <= set(list_cards())
    # Without a split it is not ready, whatever the hidden one has.
    assert "kdef" in {row["name"] for row in rows_to_add()}


def test_a_list_with_contradictions_is_named_with_its_line(make_images: MakeImages) -> None:
    card = add("kdef", make_images(kdef(4))).card
    lines = card.manifest.read_text().splitlines()
    for bad, words in [
        (lines[2].rpartition(",")[0] + ",other", r"files\.csv:3: the groups of .* are"),
        (lines[2].replace(",reference,", ",extra,"), r"files\.csv:3: unknown role 'extra'"),
        (lines[1], r"files\.csv:3: the sample .* is listed twice"),
    ]:
        card.manifest.write_text("\n".join([*lines[:2], bad, *lines[3:]]) + "\n")
        with pytest.raises(BenchError, match=words):
            read_groups(card, None)
