from __future__ import annotations

import dataclasses
import re
import shutil
from pathlib import Path

import pytest

from bench.data.card import DatasetCard, list_cards, load_card
from bench.errors import BenchError


def edited(card: DatasetCard, folder: Path, old: str, new: str) -> Path:
    text = (card.folder / "card.toml").read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times on the card"
    (folder / "card.toml").write_text(text.replace(old, new), encoding="utf-8")
    return folder


def test_the_card_of_london(london):
    assert "london" in list_cards()
    assert london.roles == {"neutral": "reference", "smiling": "source"}
    assert london.split_recipe.balance == ("ethnicity", "gender")
    assert london.benchmark.resolution in london.benchmark.resolutions
    assert "10.6084/m9.figshare.5047666.v5" in london.citation
    assert london.citation.endswith("2017. doi:10.6084/m9.figshare.5047666.v5")
    assert london.manifest.is_file()


def test_a_citation_without_a_doi_ends_with_the_year(london):
    assert dataclasses.replace(london, doi="").citation == (
        "Lisa DeBruine, Benedict Jones. Face Research Lab London Set. 2017."
    )


def test_images_lie_where_the_user_says_or_beside_the_card(london, tmp_path):
    with pytest.raises(BenchError, match="needs your copy") as caught:
        london.data_folder(None)
    assert "bench data show london" in caught.value.hint
    assert london.data_folder(tmp_path) == tmp_path
    shipped = dataclasses.replace(london, ships_images=True)
    assert shipped.data_folder(None) == london.folder
    assert shipped.data_folder(tmp_path) == tmp_path


def test_whole_numbers_are_numbers(london, tmp_path):
    folder = edited(london, tmp_path, "dev_share = 0.6", "dev_share = 1")
    edited_grid(folder, "[0, 1, 2.5]")
    card = load_card("london", folder)
    assert card.benchmark.alphas == (0.0, 1.0, 2.5)
    numbers = [card.split_recipe.dev_share, *card.benchmark.alphas]
    assert [type(number) for number in numbers] == [float] * 4


@pytest.mark.parametrize(
    ("grid", "words"),
    [
        ("[]", "alphas must be numbers, at least one"),
        ("[0.0, nan]", "alphas must be numbers"),
        ("[0.0, inf]", "alphas must be numbers"),
        ("[0.0, 1.0, 0.5]", "alphas must ascend"),
        ("[0.0, 0.5, 0.5]", "alphas must ascend"),
        ("[0.0, true]", "alphas must be of type list of float"),
        ('["0.5"]', "alphas must be of type list of float"),
        ("0.5", "alphas must be of type list of float"),
    ],
)
def test_a_grid_that_is_none_is_refused(london, tmp_path, grid, words):
    shutil.copy(london.folder / "card.toml", tmp_path)
    edited_grid(tmp_path, grid)
    with pytest.raises(BenchError, match=words):
        load_card("london", tmp_path)


def edited_grid(folder: Path, grid: str) -> None:
    path = folder / "card.toml"
    text, count = re.subn(r"alphas = \[[^]]*\]", f"alphas = {grid}", path.read_text("utf-8"))
    assert count == 1
    path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('doi = "10.6084/m9.figshare.5047666.v5"', "", r"missing field\(s\) doi"),
        ("year = 2017", "yaer = 2017\nyear = 2017", r"unknown field\(s\) yaer"),
        ("year = 2017", 'year = "2017"', "year must be of type int, not '2017'"),
        ("year = 2017", "year = true", "year must be of type int, not True"),
        ("may_show_images = true", "may_show_images = 1", "may_show_images must be of type bool"),
        ("ships_images = false", "", r"missing field\(s\) ships_images"),
        ("self_pairs = true", "self_pairs = 1", "self_pairs must be of type bool"),
        ("dev_share = 0.6", 'dev_share = "0.6"', "dev_share must be of type float"),
        ("dev_share = 0.6", "dev_share = true", "dev_share must be of type float"),
        ('groups_file = "subjects.csv"', 'groups_file = ""', "no groups_file that holds them"),
        ('balance = ["ethnicity", "gender"]', 'balance = ["height"]', r"balance names \['height'"),
        (
            'authors = ["Lisa DeBruine", "Benedict Jones"]',
            'authors = "Lisa DeBruine"',
            "authors must be of type list of str",
        ),
        (
            "resolutions = [64, 128, 256]",
            'resolutions = [64, "128"]',
            "resolutions must be of type list of int",
        ),
        ('neutral = "reference"', "neutral = 1", "roles must be of type table of str"),
        ('neutral = "reference"', 'neutral = "refrence"', r"unknown role\(s\) \['refrence'\]"),
        ('smiling = "smiling"', 'laughing = "smiling"', "name different samples"),
        ("[split_recipe]", "[recipe]", "SplitRecipe is missing"),
        ('"aligned256/{identity}/{sample}.png"', '"/etc/{identity}/{sample}"', "stay below"),
        ('"aligned256/{identity}/{sample}.png"', '"../{identity}/{sample}"', "stay below"),
        ('"aligned256/{identity}/{sample}.png"', '"{person}/{sample}"', "identity.*sample"),
        ('"aligned256/{identity}/{sample}.png"', '"{identity}/{sample"', "identity.*sample"),
        ("year = 2017", "year = ", "not valid TOML"),
    ],
)
def test_a_mistake_on_a_card_is_named_with_its_file(london, tmp_path, old, new, words):
    folder = edited(london, tmp_path, old, new)
    with pytest.raises(BenchError, match=words) as caught:
        load_card("london", folder)
    assert str(folder / "card.toml") in caught.value.message
    assert "\n" not in str(caught.value)


def test_an_absent_card_names_the_known_ones(tmp_path):
    with pytest.raises(BenchError, match="no dataset card called 'lodnon'; did you mean 'london'"):
        load_card("lodnon")
    with pytest.raises(BenchError, match=r"no dataset card at .*\(known: .*london"):
        load_card("london", tmp_path)
