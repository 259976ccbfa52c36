from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from bench.data.card import DatasetCard, load_card
from bench.data.layout.spec import LabelSpec
from bench.data.truth import labels_text, read_truth
from bench.errors import BenchError

TABLE = "identity,sample,AU12,AU01,yaw\na,neutral,0,0.25,1.5\na,happy,3.5,0,-2\n"


@pytest.fixture
def card(london: DatasetCard, tmp_path: Path) -> DatasetCard:
    return dataclasses.replace(london, folder=tmp_path, labels=LabelSpec("0..5", "faces.csv"))


def test_photographs_know_no_truth(london: DatasetCard) -> None:
    assert read_truth(london) is None


def test_a_dataset_whose_labels_were_not_added_has_none(card: DatasetCard) -> None:
    assert read_truth(card) is None


def test_the_columns_of_the_card_must_be_there(card: DatasetCard) -> None:
    (card.folder / "faces.csv").write_text(TABLE)
    asked = dataclasses.replace(card, labels=LabelSpec("0..5", "faces.csv", ("AU01", "AU17")))
    with pytest.raises(BenchError, match=r"faces\.csv:1: expected the columns .*AU01, AU17"):
        read_truth(asked)


def test_what_was_not_graded_stays_unknown(card: DatasetCard) -> None:
    labels = {("a", "x, y"): {"AU01": 0.0, "AU12": np.nan}, ("a", "b"): {"AU12": 2.5}}
    (card.folder / "faces.csv").write_text(labels_text(["AU01", "AU12"], labels))
    truth = read_truth(card)
    assert truth is not None
    np.testing.assert_array_equal(truth.intensities["a", "x, y"], [0.0, np.nan])
    np.testing.assert_array_equal(truth.intensities["a", "b"], [np.nan, 2.5])


def test_columns_are_sorted_and_other_columns_left_out(card: DatasetCard) -> None:
    (card.folder / "faces.csv").write_text(TABLE)
    truth = read_truth(card)
    assert truth is not None
    assert truth.action_units == ("AU01", "AU12")
    np.testing.assert_array_equal(truth.intensities["a", "happy"], [0.0, 3.5])


def test_drawn_faces_know_the_eighteen_of_the_paper_for_every_image() -> None:
    card = load_card("synthfaces")
    truth = read_truth(card)
    assert truth is not None
    assert len(truth.action_units) == 18
    assert len(truth.intensities) == 40 * 32
    everything = np.stack(list(truth.intensities.values()))
    assert everything.min() == 0.0
    assert everything.max() <= 5.0
    assert not truth.intensities["s001", "neutral"].any()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "faces.csv:1: expected the columns"),
        ("identity,sample,yaw\na,b,1\n", "faces.csv:1: expected the columns"),
        (TABLE + "b,neutral,0\n", "faces.csv:4: malformed row"),
        (TABLE + "b,neutral,much,0,0\n", "faces.csv:4: malformed row.*much"),
        (TABLE + "b,neutral,5.5,0,0\n", r"faces.csv:4: an intensity is not on the scale 0\.\.5"),
        (TABLE + "a,happy,1,0,0\n", "faces.csv:4: a/happy is listed twice"),
    ],
)
def test_a_malformed_table_is_named_with_its_line(
    card: DatasetCard, content: str, words: str
) -> None:
    (card.folder / "faces.csv").write_text(content)
    with pytest.raises(BenchError, match=words):
        read_truth(card)
