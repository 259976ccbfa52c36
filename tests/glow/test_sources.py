"""Images are found in folders, lists and dataset cards; nobody of a test part is among them."""

from __future__ import annotations

from pathlib import Path

import pytest

from glow.sources import ImageFile, find_image_files, hold_out

DATASETS = Path(__file__).parents[2] / "datasets"


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


@pytest.fixture
def card(tmp_path: Path) -> Path:
    """Three people, one of dev, with their images in another folder."""
    folder = tmp_path / "zoo"
    rows = ["path,identity,sample"]
    for name in ("ann", "bob", "cid"):
        rows += [f"{name}/{sample}.png,{name},{sample}" for sample in ("calm", "glad")]
    (folder / "splits").mkdir(parents=True)
    (folder / "files.csv").write_text("\n".join([*rows, ""]))
    (folder / "splits" / "v3.csv").write_text(
        "part,source,sample,target,kind\ndev,ann,glad,ann,self\ntest,bob,glad,cid,cross\n"
    )
    (folder / "card.toml").write_text('name = "zoo"\n[benchmark]\nsplit = "v3"\n')
    for row in rows[1:]:
        touch(tmp_path / "copy" / row.split(",")[0])
    return folder / "card.toml"


def test_folders_and_lists_are_searched(tmp_path):
    inside = touch(tmp_path / "photos" / "deep" / "er" / "a.PNG")
    above = touch(tmp_path / "photos" / "b.webp")
    listed = touch(tmp_path / "b.jpg")
    touch(tmp_path / "photos" / "notes.txt")
    (tmp_path / "list.txt").write_text(f"{listed}\n\n")
    assert find_image_files([tmp_path / "photos", tmp_path / "list.txt"]) == [
        ImageFile(above, "b.webp", ""),
        ImageFile(inside, "deep/er/a.PNG", "deep"),
        ImageFile(listed, str(listed), ""),
    ]


@pytest.mark.parametrize("as_folder", [False, True])
def test_a_card_gives_the_people_of_its_dev_part(card, as_folder):
    copy = card.parents[1] / "copy"
    source = card.parent if as_folder else card
    assert find_image_files([source], data_folders=[card.parent / "no", copy]) == [
        ImageFile(copy / "ann" / "calm.png", "zoo: ann"),
        ImageFile(copy / "ann" / "glad.png", "zoo: ann"),
    ]


def test_the_cards_of_the_project_give_their_dev_part():
    files = find_image_files([DATASETS / "synthfaces" / "card.toml"])
    people = {file.group for file in files}
    # 16 people with 20 references and 12 expressions each.
    assert (len(files), len(people)) == (512, 16)
    assert all(file.path.is_file() for file in files)
    split = (DATASETS / "synthfaces" / "splits" / "v1.csv").read_text().splitlines()
    tested = {row.split(",")[1] for row in split if row.startswith("test,")}
    assert tested.isdisjoint(group.removeprefix("synthfaces: ") for group in people)


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ("test", "the test part is what the benchmark measures.*--part dev"),
        ("train", "has no part 'train'; it has dev, test"),
    ],
)
def test_a_part_that_is_not_there_or_not_to_be_seen_is_refused(card, part, words):
    with pytest.raises(ValueError, match=words):
        find_image_files([card.parent], part=part)


def test_images_that_do_not_lie_beside_the_card_are_asked_for(card):
    with pytest.raises(ValueError, match=r"no ann/calm\.png in .*zoo; give --data-folder DIR"):
        find_image_files([card])


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("card.toml", "name = ", r"card\.toml is not valid TOML"),
        ("card.toml", "name = 'zoo'", r"card\.toml is no dataset card: it lacks"),
        ("card.toml", "name = 'zoo'\n[benchmark]\nsplit = 'v9'", r"needs .*v9\.csv, which is not"),
        ("files.csv", "path,who\n", r"files\.csv has no column identity"),
        ("files.csv", "path,identity\n", "no images in"),
        ("splits/v3.csv", "", r"v3\.csv has no column part, source, target"),
    ],
)
def test_a_malformed_card_is_named(card, name, text, words):
    (card.parent / name).write_text(text)
    with pytest.raises(ValueError, match=words):
        find_image_files([card], data_folders=[card.parents[1] / "copy"])


def test_a_binary_file_is_no_list(tmp_path):
    (tmp_path / "a.png").write_bytes(b"\x89PNG\xff\xfe")
    with pytest.raises(ValueError, match=r"a\.png is neither a folder, nor a text list"):
        find_image_files([tmp_path / "a.png"])


def people(count: int) -> list[ImageFile]:
    return [ImageFile(Path(f"{p}/{i}.png"), f"p{p}") for p in range(count) for i in range(3)]


@pytest.mark.parametrize(("share", "expected"), [(0.001, 1), (0.1, 2), (0.5, 10), (0.94, 19)])
def test_whole_people_are_held_out(share, expected):
    training, held_out = hold_out(people(20), share)
    seen, unseen = ({file.group for file in files} for files in (training, held_out))
    assert seen.isdisjoint(unseen)
    assert len(unseen) == expected
    assert sorted(map(str, training + held_out)) == sorted(map(str, people(20)))


def test_who_is_held_out_does_not_depend_on_the_order_and_hardly_on_others():
    _, held_out = hold_out(people(40), 0.25)
    _, reversed_ = hold_out(people(40)[::-1], 0.25)
    assert set(held_out) == set(reversed_)
    _, more = hold_out(people(44), 0.25)
    kept = {file.group for file in held_out} & {file.group for file in more}
    assert len(kept) >= 6


@pytest.mark.parametrize(("count", "share"), [(1, 0.05), (2, 0.8)])
def test_somebody_must_be_left_to_train_on(count, share):
    with pytest.raises(ValueError, match=r"leaves none to train on; give .* --held-out"):
        hold_out(people(count), share)
