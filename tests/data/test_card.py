from __future__ import annotations

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
    assert london.manifest.is_file()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('doi = "10.6084/m9.figshare.5047666.v5"', "", r"missing field\(s\) doi"),
        ("year = 2017", "yaer = 2017\nyear = 2017", r"unknown field\(s\) yaer"),
        ("year = 2017", 'year = "2017"', "year must be of type int, not '2017'"),
        ("year = 2017", "year = true", "year must be of type int, not True"),
        ("may_show_images = true", "may_show_images = 1", "may_show_images must be of type bool"),
        ("dev_share = 0.6", 'dev_share = "0.6"', "dev_share must be of type float"),
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


def test_an_absent_card_names_the_known_ones():
    with pytest.raises(BenchError, match=r"no dataset card at .*\(known: .*london"):
        load_card("paris")
