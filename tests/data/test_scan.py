"""What a scan does with files that are not as they should be, and with cards that are not."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from rich.console import Console

from bench.data.card import DatasetCard, read_card
from bench.data.layout.fields import LEAVES, FoundImage
from bench.data.layout.roles import cast_images
from bench.data.layout.scan import Scan, read_images
from bench.data.layout.side import unit_name
from bench.data.layout.spec import Layout, RoleRule
from bench.data.layout.survey import survey
from bench.errors import BenchError
from bench.report.terminal.scan import print_scan

MakeImages = Callable[..., Path]
WriteFiles = Callable[[Path, dict[str, str]], None]

CARD = """
name = "zoo"
title = "Animals"
authors = ["A. Author"]
year = 2026
doi = ""
licence = "CC0-1.0"
licence_url = "https://example.org"
how_to_get = "ask"
alignment = "none"
may_show_images = false
ships_images = false
{top}

[layout]
{layout}

[split_recipe]
seed = 1
dev_share = 0.4
targets_per_source = 1
self_pairs = false
balance = []

[benchmark]
split = "v1"
resolution = 16
resolutions = [16]
alphas = [0, 1]
embedder = "synth"
au_estimator = "synth"
"""
PLAIN = r"pattern = '(?P<identity>[a-z]+)_(?P<expression>[a-z]+)'"


@pytest.fixture
def zoo(tmp_path: Path) -> Callable[..., DatasetCard]:
    def make(layout: str = PLAIN, top: str = "") -> DatasetCard:
        path = tmp_path / "zoo" / "card.toml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(CARD.format(layout=layout, top=top), encoding="utf-8")
        return read_card(path)

    return make


def scan(card: DatasetCard, data: Path) -> Scan:
    return read_images(survey(card, data))


def test_spoilt_images_are_named_by_what_is_wrong(zoo, make_images: MakeImages) -> None:
    names = ["good", "cut", "grey", "oblong", "text", "small"]
    data = make_images([f"{name}_calm.png" for name in names], side=32)
    (data / "cut_calm.png").write_bytes((data / "good_calm.png").read_bytes()[:60])
    Image.new("L", (32, 32)).save(data / "grey_calm.png")
    Image.new("RGB", (32, 48)).save(data / "oblong_calm.png")
    (data / "text_calm.png").write_text("<html>404</html>")
    Image.new("RGB", (16, 16)).save(data / "small_calm.png")
    found = {misfit.path: misfit.reason for misfit in scan(zoo(top="size = 32"), data).misfits}
    assert {path.split("_")[0]: reason for path, reason in found.items()} == {
        "cut": "it cannot be decoded",
        "grey": "it is not 8-bit RGB",
        "oblong": "it is not a square, eye-aligned face",
        "text": "it is not an image",
        "small": "it is not 32x32",
    }
    sizes = scan(zoo(), data).sizes
    assert sizes == {32: 1, 16: 1}


def test_a_folder_of_photographs_that_are_not_aligned_is_sent_to_the_aligner(
    zoo, make_images: MakeImages
) -> None:
    data = make_images(["ann_calm.png"])
    Image.new("RGB", (562, 762)).save(data / "ann_calm.png")
    with pytest.raises(BenchError, match="not a square, eye-aligned face") as caught:
        scan(zoo(), data)
    assert "562x762" in caught.value.message
    assert caught.value.hint is not None
    assert "bench data align" in caught.value.hint


@pytest.mark.parametrize("names", [[], ["Ann.png"], ["readme.txt"]])
def test_a_folder_without_a_fitting_image_is_an_error(
    zoo, make_images: MakeImages, names: list[str]
) -> None:
    with pytest.raises(BenchError, match="no image in") as caught:
        scan(zoo(), make_images(names))
    assert caught.value.hint == "bench data show zoo tells the layout"


def test_the_same_picture_twice_is_listed_once(zoo, make_images: MakeImages) -> None:
    data = make_images(["ann_calm.png", "ann_happy.png", "bob_calm.png"])
    shutil.copy(data / "ann_calm.png", data / "ann_sad.png")
    shutil.copy(data / "ann_happy.png", data / "bob_happy.png")
    result = scan(zoo(), data)
    assert {(m.path, m.reason, m.detail) for m in result.misfits} == {
        (
            "ann_sad.png",
            "it is byte for byte another image of the same identity",
            "as ann_calm.png",
        ),
        (
            "bob_happy.png",
            "it is byte for byte another image of another identity",
            "as ann_happy.png",
        ),
    }


def test_two_files_of_one_name_are_listed_once(zoo, make_images: MakeImages) -> None:
    data = make_images(["ann_calm.PNG", "ann_calm.jpg", "sub/ann_calm.png"])
    result = scan(zoo(), data)
    assert [entry.path for entry in result.entries] == ["ann_calm.PNG"]
    assert [misfit.detail for misfit in result.misfits] == ["as ann_calm.PNG"] * 2


@pytest.mark.parametrize(("trusted", "found"), [("1", {"ann", "bob"}), ("0", {"ann"})])
def test_a_link_is_followed_once_and_out_of_the_folder_only_if_its_owner_says_so(
    zoo, make_images: MakeImages, monkeypatch: pytest.MonkeyPatch, trusted: str, found: set[str]
) -> None:
    monkeypatch.setenv("BENCH_FOLLOW_LINKS", trusted)
    data = make_images(["people/ann_calm.png"])
    (data / "people" / "again").symlink_to(data)
    elsewhere = make_images(["bob_calm.png"], folder="elsewhere")
    (data / "more").symlink_to(elsewhere)
    scanned = scan(zoo(), data)
    assert {entry.identity for entry in scanned.entries} == found
    reasons = {misfit.path: misfit.reason for misfit in scanned.misfits}
    refused = {} if trusted == "1" else {"more/bob_calm.png": LEAVES}
    assert reasons == refused


def test_people_without_reference_are_named(zoo, make_images: MakeImages) -> None:
    rules = """
    [[layout.roles]]
    role = "reference"
    where = { expression = ["calm"] }
    [[layout.roles]]
    role = "source"
    """
    data = make_images(["ann_calm.png", "ann_happy.png", "bob_happy.png", "cyd_calm.png"])
    assert scan(zoo(PLAIN + rules), data).without_reference == ("bob",)


def test_the_report_is_readable_at_80_columns(zoo, make_images: MakeImages, capsys) -> None:
    long = "a" * 50
    names = [f"deep/{long}/{n}_calm.png" for n in ("ann", "bob")]
    bad = [f"deep/{long}/{i}.png" for i in range(5)]
    data = make_images([*names, *bad, "x.db"])
    print_scan(scan(zoo(), data).to_dict(), Console(width=80))
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert not any(line.endswith(" ") for line in lines)
    text = " ".join(line.strip() for line in lines)
    assert "7 image files" in text
    assert "2 listed: 2 people" in text
    assert "5 not used because the name does not fit the pattern" in text
    assert text.count(".png") == 3  # examples, not all
    assert "..." in text
    assert "1 other files (.db 1)" in text


SEQUENCES = Layout(
    "irrelevant",
    sequence=("identity", "clip"),
    roles=(
        RoleRule("reference", frame="first", becomes="neutral"),
        RoleRule("source", {"expression": ("happy",)}, frame="last"),
    ),
)


def frames(identity: str, clip: str, count: int, **fields: str) -> list[FoundImage]:
    return [
        FoundImage(
            f"{identity}/{clip}/{number}.png",
            identity,
            f"{clip}-{number}",
            {"clip": clip, "frame": str(number), "identity": identity, **fields},
            {},
        )
        for number in range(count)
    ]


def test_frames_are_ordered_as_numbers() -> None:
    chosen, unused, surplus = cast_images(SEQUENCES, frames("ann", "1", 12, expression="happy"))
    assert [(cast.image.name, cast.role, cast.expression) for cast in chosen] == [
        ("1-0", "reference", "neutral"), ("1-11", "source", "happy"),
    ]  # fmt: skip
    assert (len(unused), surplus) == (10, [])


def test_a_sequence_of_one_frame_is_its_beginning() -> None:
    chosen, _, _ = cast_images(SEQUENCES, frames("ann", "1", 1, expression="happy"))
    assert [cast.role for cast in chosen] == ["reference"]


def test_a_source_must_show_something_known() -> None:
    layout = Layout("irrelevant", roles=(RoleRule("source"),))
    images = frames("ann", "1", 2) + frames("ann", "2", 1, expression="sad")
    chosen, unused, _ = cast_images(layout, images)
    assert [cast.image.name for cast in chosen] == ["2-0"]
    assert len(unused) == 2


def test_as_many_as_a_rule_wants_are_spread_over_time() -> None:
    layout = Layout("irrelevant", roles=(RoleRule("reference", most=3),))
    chosen, _, surplus = cast_images(layout, sorted(frames("ann", "1", 30), key=lambda i: i.path))
    assert sorted(int(cast.image.fields["frame"]) for cast in chosen) == [5, 15, 25]
    assert len(surplus) == 27


def test_the_strongest_is_chosen_for_each_person_and_expression() -> None:
    layout = Layout("irrelevant", roles=(RoleRule("source", most=1, choose="strongest"),))
    images = [
        FoundImage(f"{who}{n}.png", who, str(n), {"expression": shown}, {"AU12": value})
        for who, n, shown, value in [
            ("ann", 1, "happy", 1.0), ("ann", 2, "happy", 3.0), ("ann", 3, "sad", 0.5),
            ("bob", 1, "happy", 2.0), ("bob", 2, "happy", float("nan")),
        ]
    ]  # fmt: skip
    chosen, _, surplus = cast_images(layout, images)
    assert [cast.image.path for cast in chosen] == ["ann2.png", "ann3.png", "bob1.png"]
    assert [image.path for image in surplus] == ["ann1.png", "bob2.png"]


def test_a_table_can_tell_the_role(zoo, make_images: MakeImages, write_files: WriteFiles) -> None:
    layout = r"""
    pattern = '^(?P<file>.+)'
    sample = "{file}"
    [[layout.tables]]
    files = 'list\.csv'
    header = 1
    [layout.tables.columns]
    file = "image"
    identity = "person"
    expression = "emotion"
    intensity = "level"
    role = "use"
    sex = "sex"
    """
    card = zoo(layout, top='groups = ["sex"]')
    data = make_images(f"{number}.png" for number in range(5))
    header = "image,person,emotion,level,use,sex,note"
    rows = [
        '0.png,ann,neutral,,reference,f,"a, b"',
        "1.png,ann,happy,2.5,source,f,",
        "2.png,bob,,,reference,m,",
        "3.png,bob,happy,much,source,m,",
        "4.png,bob,happy,1,other,m,",
    ]
    write_files(data, {"list.csv": "\ufeff" + "\r\n".join([header, *rows]) + "\r\n"})
    result = scan(card, data)
    assert [(e.identity, e.role, e.expression, e.intensity) for e in result.entries] == [
        ("ann", "reference", "neutral", ""),
        ("ann", "source", "happy", "2.5"),
        ("bob", "reference", "natural", ""),
    ]
    assert result.entries[2].groups == (("sex", "m"),)
    assert {m.path: m.reason for m in result.misfits} == {
        "3.png": "the intensity is no number",
        "4.png": "the role is neither reference nor source",
    }
    write_files(data, {"list.csv": f"{header}\n0.png,ann,neutral\n"})
    with pytest.raises(BenchError, match=r"list\.csv:2: expected 7 columns, found 3"):
        scan(card, data)
    write_files(data, {"list.csv": "image,person\n0.png,ann\n"})
    with pytest.raises(BenchError, match=r"list\.csv:1: no column called emotion, level, sex, use"):
        scan(card, data)
    two = f"{header}\n{rows[0]}\n{rows[0].replace('ann', 'eve')}\n"
    write_files(data, {"list.csv": two})
    with pytest.raises(BenchError, match=r"list\.csv:3: identity is 'eve' here and 'ann' before"):
        scan(card, data)


@pytest.mark.parametrize(
    ("layout", "words"),
    [
        ("pattern = '(?P<identity>['", "is no regular expression"),
        ("pattern = '(?P<who>.+)'", "neither the pattern nor a table has the field identity"),
        (PLAIN + "\nsample = '{frame}'", "no image has the field.s. frame"),
        (PLAIN + "\nsample = '{identity'", "sample .* is malformed"),
        (PLAIN + "\nsample = '{identity.real}'", "no image has the field"),
        (PLAIN + "\nderived = { age = 'kind' }", "age is taken of 'kind', which no image has"),
        (PLAIN + "\ncodes.mood = { a = 'b' }", "no image has the field.s. mood"),
        (PLAIN + "\ncodes.expression = 'b'", "codes must be of type table of table of str"),
        (PLAIN + "\nnonsense = 1", r"layout: unknown field\(s\) nonsense"),
        (
            PLAIN + "\n[[layout.roles]]\nrole = 'target'",
            "unknown role 'target'",
        ),
        (PLAIN + "\n[[layout.roles]]\n", r"layout.roles\[1\]: missing field\(s\) role"),
        (PLAIN + "\n[[layout.roles]]\nrole='source'\nframe='first'", "frame needs the field frame"),
        (PLAIN + "\n[[layout.roles]]\nrole='source'\nframe='best'", "unknown frame 'best'"),
        (PLAIN + "\n[[layout.roles]]\nrole='source'\nchoose='strongest'", "strongest needs"),
        (PLAIN + "\n[[layout.roles]]\nrole='source'\nmost=-1", "most is negative"),
        (PLAIN + "\n[[layout.roles]]\nrole='source'\nwhere={ age = ['1'] }", "no image .* age"),
        (
            PLAIN + "\n[[layout.tables]]\nfiles = 'a'",
            "needs either names, or columns",
        ),
        (PLAIN + "\n[[layout.tables]]\nfiles='('\nnames=['a']", "is no regular expression"),
        (PLAIN + "\n[[layout.tables]]\nfiles='a'\nnames=['b']", "none of b is a field that images"),
        (
            PLAIN + "\n[[layout.tables]]\nfiles='a'\nnames=['identity', 'au', 'value']",
            "holds Action Units, and the card has no",
        ),
        (PLAIN + "\n[[layout.tables]]\nfiles='a'\nnames=['identity', 'au']", "belong together"),
    ],
)
def test_a_layout_that_makes_no_sense_is_refused(zoo, layout: str, words: str) -> None:
    with pytest.raises(BenchError, match=words) as caught:
        zoo(layout)
    assert "card.toml: " in caught.value.message
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("top", "words"),
    [
        ('path = "{identity}/{sample}.png"', "layout stands instead of path"),
        ('groups = ["age"]', r"groups names \['age'\], which is no field of the layout"),
        ('labels = { scale = "high" }', "scale must be LOW..HIGH"),
        ('labels = { scale = "0..5", action_units = ["AU6"] }', r"\['AU6'\] are no names"),
        ('labels = { scale = "0..5", file = "../x.csv" }', "file lies beside the card"),
        ("labels = { }", r"labels: missing field\(s\) scale"),
        ("size = -1", "size is negative"),
    ],
)
def test_a_card_with_a_layout_contradicts_itself(zoo, top: str, words: str) -> None:
    with pytest.raises(BenchError, match=words):
        zoo(top=top)


@pytest.mark.parametrize("name", ["Zoo", "my faces", "faces-64", "../zoo", "zoo_2", ""])
def test_a_name_that_no_benchmark_can_have_is_refused(zoo, name: str) -> None:
    path = zoo().folder / "card.toml"
    path.write_text(path.read_text().replace('name = "zoo"', f'name = "{name}"', 1))
    with pytest.raises(BenchError, match=f"name must be lower case.*{re.escape(repr(name))}"):
        read_card(path)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("6", "AU06"), ("06", "AU06"), ("AU12", "AU12"), ("au1", "AU01"), (" 6.0 ", "AU06"),
        ("1.7000000e+01", "AU17"), ("62", "AU62"), ("0", None), ("100", None), ("6.5", None),
        ("AU", None), ("smile", None), ("nan", None), ("-6", None),
    ],
)  # fmt: skip
def test_numbers_of_action_units(text: str, name: str | None) -> None:
    assert unit_name(text) == name
