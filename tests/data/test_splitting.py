from __future__ import annotations

import hashlib
from collections import Counter

import pytest

from bench.data.card import list_cards, load_card
from bench.data.dataset import read_groups
from bench.data.split import Pair, load_split, write_split
from bench.data.splitting import make_split, part_identities, split_by_recipe
from bench.errors import BenchError

HEADER = "part,source,sample,target,kind\n"
PUBLISHED = "22a677b1f2619e8a"


@pytest.fixture
def published(london):
    return load_split(london.folder / "splits" / "v1.csv")


def test_the_published_split_is_what_the_recipe_makes(london, london_data, published):
    assert list(published.pairs) == split_by_recipe(london, london_data)


def test_every_shipped_dataset_can_be_split_again_from_its_folder_alone():
    cards = [card for card in map(load_card, list_cards()) if card.ships_images]
    assert cards
    for card in cards:
        path = card.folder / "splits" / f"{card.benchmark.split}.csv"
        assert list(load_split(path).pairs) == split_by_recipe(card, card.folder)


def test_the_published_split_is_never_edited(london, published):
    content = (london.folder / "splits" / "v1.csv").read_bytes()
    assert published.version == "v1"
    assert published.sha256 == hashlib.sha256(content).hexdigest()
    # Written down once: results name this hash.
    assert published.sha256.startswith(PUBLISHED)


def test_no_person_is_in_both_parts(published):
    dev, test = (set(published.identities(part)) for part in ("dev", "test"))
    assert (len(dev), len(test)) == (61, 41)
    assert not dev & test


def test_every_group_is_parted_alike(london, london_data, published):
    groups = read_groups(london, london_data)
    dev = set(published.identities("dev"))
    everybody = Counter((g["ethnicity"], g["gender"]) for g in groups.values())
    in_dev = Counter((groups[i]["ethnicity"], groups[i]["gender"]) for i in dev)
    assert len(everybody) > 6
    for group, count in everybody.items():
        assert abs(in_dev[group] - 0.6 * count) < 1.0, group


@pytest.mark.parametrize("part", ["dev", "test"])
def test_everybody_is_source_and_target_equally_often(published, part):
    pairs = published.part(part)
    cross = [pair for pair in pairs if pair.kind == "cross"]
    assert set(Counter(pair.target for pair in cross).values()) == {8}
    assert set(Counter(pair.source for pair in cross).values()) == {8}
    own = Counter(pair.target for pair in pairs if pair.kind == "self")
    assert own == dict.fromkeys(published.identities(part), 1)


def test_the_seed_decides_the_split():
    groups = {f"p{i:02d}": ("a" if i % 3 else "b",) for i in range(40)}
    one, again, other = (part_identities(groups, dev_share=0.6, seed=s) for s in (1, 1, 2))
    assert one == again != other
    assert sorted(one["dev"] + one["test"]) == sorted(groups)
    assert len(one["dev"]) == 24


def test_the_expressions_of_one_person_go_to_different_people():
    people = [f"p{number:02d}" for number in range(13)]
    expressions = [f"e{number:02d}" for number in range(12)]
    samples = dict.fromkeys(people, expressions)
    pairs = make_split({"test": people}, samples, targets_per_source=1, self_pairs=False, seed=3)
    # Twelve expressions and twelve others: everybody meets everybody exactly once.
    assert len(pairs) == 13 * 12
    assert {pair.kind for pair in pairs} == {"cross"}
    assert set(Counter((pair.source, pair.target) for pair in pairs).values()) == {1}
    # And everybody receives every expression once, from different people.
    assert set(Counter((pair.sample, pair.target) for pair in pairs).values()) == {1}


@pytest.mark.parametrize("targets", [1, 2, 3])
def test_targets_come_back_only_when_there_are_no_others(targets):
    people, expressions = "abcdefg", ["e1", "e2", "e3", "e4", "e5"]
    samples = dict.fromkeys(people, expressions)
    pairs = make_split(
        {"dev": people}, samples, targets_per_source=targets, self_pairs=False, seed=0
    )
    assert len(set(pairs)) == len(pairs) == 7 * 5 * targets
    for name in people:
        met = Counter(pair.target for pair in pairs if pair.source == name)
        assert name not in met
        counts = [met[other] for other in people if other != name]
        assert max(counts) - min(counts) <= 1
    assert set(Counter(pair.target for pair in pairs).values()) == {5 * targets}


def test_self_pairs_are_added_where_the_recipe_says_so():
    samples = {name: ["happy", "angry"] for name in "abcd"}
    with_self, without = (
        make_split({"test": "abcd"}, samples, targets_per_source=2, self_pairs=own, seed=0)
        for own in (True, False)
    )
    assert [pair for pair in with_self if pair.kind == "cross"] == without
    own = [(pair.source, pair.sample) for pair in with_self if pair.kind == "self"]
    assert own == [(name, sample) for name in "abcd" for sample in ("angry", "happy")]


def test_without_groups_the_identities_of_the_list_are_parted_at_random(embedded):
    card = load_card("synthfaces")
    assert read_groups(card, embedded) == {f"p{number}": {} for number in range(10)}
    pairs = split_by_recipe(card, embedded)
    assert pairs == list(load_split(embedded / "splits" / "v1.csv").pairs)
    people = {part: {p.source for p in pairs if p.part == part} for part in ("dev", "test")}
    assert (len(people["dev"]), len(people["test"])) == (4, 6)
    assert people["dev"] != {"p0", "p1", "p2", "p3"}
    assert not people["dev"] & people["test"]


def test_too_few_people_for_the_targets_is_an_error():
    with pytest.raises(ValueError, match="'dev' has 3 identities, too few for 3 targets"):
        make_split(
            {"dev": "abc"},
            {name: ["s"] for name in "abc"},
            targets_per_source=3,
            self_pairs=False,
            seed=0,
        )


def test_a_written_split_reads_back_and_is_not_overwritten(tmp_path):
    pairs = [Pair("dev", "a", "smiling", "b"), Pair("test", "c", "smiling", "c")]
    path = tmp_path / "splits" / "v1.csv"
    write_split(path, pairs)
    before = path.read_bytes()
    assert list(load_split(path).pairs) == pairs
    with pytest.raises(BenchError, match=r"v1\.csv exists and a published split is never edited"):
        write_split(path, pairs[:1])
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("dev,a,smiling,b", "malformed row 'dev,a,smiling,b'"),
        ("dev,a,smiling,b,cross,more", "malformed"),
        ("train,a,smiling,b,cross", "malformed"),
        ("dev,a,,b,cross", "malformed"),
        ("", "malformed"),
        ("dev,a,smiling,b,self", "kind 'self' should be 'cross'"),
        ("dev,a,smiling,a,cross", "kind 'cross' should be 'self'"),
        ("dev,x,smiling,y,cross", "x/smiling>y is listed twice"),
    ],
)
def test_a_malformed_row_is_named_with_its_line(tmp_path, row, words):
    path = tmp_path / "v1.csv"
    path.write_text(f"{HEADER}dev,x,smiling,y,cross\n{row}\ndev,y,smiling,x,cross\n")
    with pytest.raises(BenchError, match=rf"v1\.csv:3: .*{words}"):
        load_split(path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", r":1: expected the header part,source"),
        ("source,target\n", r":1: expected the header"),
        (f"{HEADER}dev,a,s,b,cross\ntest,c,s,a,cross\n", r"share the identities \['a'\]"),
    ],
)
def test_a_split_of_another_shape_is_refused(tmp_path, content, words):
    (tmp_path / "v1.csv").write_text(content)
    with pytest.raises(BenchError, match=words):
        load_split(tmp_path / "v1.csv")


def test_missing_groups_are_named(london, tmp_path):
    with pytest.raises(BenchError, match=r"no file of groups at .*subjects\.csv"):
        split_by_recipe(london, tmp_path)
    (tmp_path / "subjects.csv").write_text("identity,age\n001,24\n")
    with pytest.raises(BenchError, match=r"subjects\.csv:1: expected the columns identity, age"):
        split_by_recipe(london, tmp_path)
