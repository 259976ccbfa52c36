"""A copy of the release as one value: what is there decides, and contradictions are named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bench.errors import BenchError
from bench.imports.valenzuela2021.images import ReleasedImages
from bench.imports.valenzuela2021.reading import read_release


def test_a_release_says_who_was_transferred_to_whom(tree: Any) -> None:
    release = read_release(tree.folder)
    assert release.units == ("AU06", "AU12", "AU45")
    assert release.targets == ("ada", "bo", "cy")
    assert [e.sample for e in release.expressions] == [tree.sample(1), tree.sample(2)]
    assert {e.source for e in release.expressions} == {"sol"}
    assert len(release.outputs) == 2 * 4 * 4
    found = {(o.expression.number, o.target, o.alpha): o for o in release.outputs}
    output = found[2, "bo", 0.3]
    assert output.units == pytest.approx((2.2, 2.0, 0.0))
    assert (output.to_target, output.to_source) == pytest.approx((0.18, 0.88))
    assert not output.is_self
    mean = found[1, "cy", 0.0]
    assert (mean.units, mean.to_target, mean.to_source) == ((1.0, 1.0, 1.0), 0.0, 1.2)
    own = found[1, "sol", 0.4]
    assert own.is_self
    assert (own.to_target, own.to_source) == (None, None)


@pytest.mark.parametrize("numbers", [(4, 5), (3,), (1, 2, 3, 4, 5)])
@pytest.mark.parametrize("alphas", [("0.25",), ("0.1", "0.2", "0.9", "1.0")])
def test_expressions_and_alphas_come_from_what_is_there(
    make_tree: Callable[..., Any], tmp_path: Any, numbers: Any, alphas: Any
) -> None:
    tree = make_tree(tmp_path, numbers=numbers, alphas=alphas, ends=("bo_source", "bo_target"))
    release = read_release(tree.write())
    # expression<k> is row k of the reference, whichever of them are there.
    assert [e.number for e in release.expressions] == list(numbers)
    assert [e.sample for e in release.expressions] == [tree.sample(k) for k in numbers]
    assert [list(e.units) for e in release.expressions] == [tree.shown(k) for k in numbers]
    assert {o.alpha for o in release.outputs} == {0.0, *map(float, alphas)}


def test_identities_come_from_what_is_there(make_tree: Callable[..., Any], tmp_path: Any) -> None:
    people = {f"p_{n}": 0.3 for n in range(9)}
    tree = make_tree(tmp_path, best=people, gap=dict.fromkeys(people, 1.0), with_self=False)
    assert read_release(tree.write()).targets == tuple(sorted(people))


def test_stray_files_do_not_disturb(tree: Any) -> None:
    before = read_release(tree.folder)
    for folder in (tree.folder, tree.quality, tree.likeliness, tree.quality / "raw_data"):
        folder.mkdir(exist_ok=True)
        (folder / ".DS_Store").write_bytes(b"\x00\xff")
    (tree.likeliness / "expression1 copia.csv").write_text("nothing of the kind")
    (tree.quality / "AUs_expression01.csv").write_text("nothing of the kind")
    (tree.quality / "AUs_expression7.csv.bak").write_text("nothing of the kind")
    assert read_release(tree.folder) == before


def test_the_hash_follows_the_tables_and_not_the_folder(tree: Any, tmp_path: Any) -> None:
    before = read_release(tree.folder).sha256
    moved = tree.folder.rename(tmp_path / "elsewhere")
    assert read_release(moved).sha256 == before
    tree.folder = moved
    tree.replace(tree.likeliness / "expression1.csv", "ada_target,0.18", "ada_target,0.19")
    assert read_release(moved).sha256 != before


@pytest.mark.parametrize(
    ("file", "old", "new", "problem"),
    [
        ("AUs_expression1.csv", "'bo_0.3.csv'", "'bob_0.3.csv'", "unknown identity 'bob'"),
        ("AUs_expression1.csv", "'bo_0.3.csv'", "'bo.csv'", "'bo.csv' is not <identity>_<alpha>"),
        ("AUs_expression1.csv", "'bo_0.3.csv'", "'bo_0.35.csv'", "no row bo_0.3.csv"),
        ("AUs_expression1.csv", "'bo_0.3.csv'", "'bo_0.30.csv'", ""),
        ("AUs_expression1.csv", "'bo_0.3.csv'", "'bo_0.40.csv'", ":6: a second row of bo at that"),
        ("AUs_expression1.csv", "'bo_0.3.csv'", "'bo_0.csv'", "alpha 0 is not above 0"),
        ("AUs_expression1.csv", "'bo_0.3.csv'", "'bo_30.csv'", "alpha 30 is not above 0"),
        ("AUs_expression1.csv", "'bo_mean.csv'", "'bo_1.csv'", "has no row bo_mean.csv"),
        ("AUs_expression1.csv", "'sol_mean.csv'", "'sol_0.9.csv'", "has no row sol_mean.csv"),
        ("AUs_expression1.csv", "AU45_r", "AU28_r", ":1: the columns are not those of"),
        ("AUs_reference.csv", "'sol_expression2_aligned.csv'", "'sol.csv'", ":2: 'sol.csv' is not"),
        ("expression1.csv", "output_images,0.3,", "output_images,0.2,", "no row ada_0.2.csv"),
    ],
)
def test_faults_are_named_with_their_file(
    tree: Any, file: str, old: str, new: str, problem: str
) -> None:
    folder = tree.quality if file.startswith("AUs") else tree.likeliness
    line = tree.replace(folder / file, old, new)
    if not problem:
        read_release(tree.folder)
        return
    with pytest.raises(BenchError) as caught:
        read_release(tree.folder)
    text = str(caught.value)
    assert problem in text
    assert file in text
    if problem.startswith(("unknown", "'bo.csv'", "alpha")):
        assert f"{file}:{line}: " in text


def test_an_output_without_distances_is_named(tree: Any) -> None:
    path = tree.quality / "AUs_expression2.csv"
    path.write_text(path.read_text() + "['cy_0.7.csv', ' 0.00', ' 0.00', ' 0.00']\n")
    line = len(path.read_text().splitlines())
    with pytest.raises(BenchError, match=rf"AUs_expression2\.csv:{line}: .* no distance at alpha"):
        read_release(tree.folder)


def test_one_mean_face_has_one_reading(tree: Any) -> None:
    path = tree.quality / "AUs_expression2.csv"
    old = "['cy_mean.csv', ' 1.00', ' 1.00', ' 1.00']"
    line = tree.replace(path, old, old.replace(" 1.00']", " 1.01']"))
    with pytest.raises(BenchError) as caught:
        read_release(tree.folder)
    first = path.with_name("AUs_expression1.csv")
    assert f"{path}:{line}: cy_mean.csv has other values than in {first}:{line}" in str(
        caught.value
    )


def test_two_mean_faces_have_one_distance(tree: Any) -> None:
    path = tree.likeliness / "expression2.csv"
    path.write_text(
        path.read_text().replace(",1.2\n", ",1.25\n").replace(",1.2,0.0\n", ",1.25,0\n")
    )
    with pytest.raises(BenchError, match=r"expression2\.csv:\d+: .* 1.25 apart, but 1.2 in anoth"):
        read_release(tree.folder)


@pytest.mark.parametrize(
    ("missing", "problem"),
    [
        (
            "evaluation/likeliness/expression2.csv",
            r"AUs_expression2\.csv is there, but expression2",
        ),
        ("evaluation/quality/AUs_expression1.csv", r"expression1\.csv is there, but AUs_expressio"),
        ("evaluation/quality/AUs_reference.csv", r"cannot read .*AUs_reference\.csv"),
    ],
)
def test_missing_files_are_named(tree: Any, missing: str, problem: str) -> None:
    (tree.folder / missing).unlink()
    with pytest.raises(BenchError, match=problem):
        read_release(tree.folder)


def test_a_folder_that_is_no_release_is_refused(tree: Any, tmp_path: Any) -> None:
    with pytest.raises(BenchError, match=r"no folder .*likeliness \(give the folder of the rel"):
        read_release(tmp_path / "elsewhere")
    for path in tree.likeliness.iterdir():
        path.unlink()
    for path in tree.quality.glob("AUs_expression*"):
        path.unlink()
    with pytest.raises(BenchError, match=r"likeliness has no expression<k>\.csv"):
        read_release(tree.folder)


def test_a_reference_with_too_few_rows_is_named(
    make_tree: Callable[..., Any], tmp_path: Any
) -> None:
    tree = make_tree(tmp_path, numbers=(4,), rows_of_reference=3)
    with pytest.raises(BenchError, match=r"AUs_reference\.csv has 3 rows, and expression4 needs"):
        read_release(tree.write())


def test_photographs_are_known_by_their_names(tree: Any) -> None:
    folder = tree.folder / "data" / "id1_aligned"
    folder.mkdir(parents=True)
    for name in ("ada1_aligned.png", "ada12_aligned copia.png", "eve1_aligned.png", ".DS_Store"):
        (folder / name).touch()
    images = ReleasedImages(read_release(tree.folder))
    assert [(who, path.name) for who, path in images.photographs] == [("ada", "ada1_aligned.png")]
    assert len(images.missing) == len(images.needed) == 2 * 3 * 3 + 4 + 2
