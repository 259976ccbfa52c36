from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from bench.data.card import DatasetCard, load_card
from bench.data.truth import read_truth
from bench.errors import BenchError

TABLE = "identity,sample,AU12,AU01,yaw\na,neutral,0,0.25,1.5\na,happy,3.5,0,-2\n"


@pytest.fixture
def card(london: DatasetCard, tmp_path: Path) -> DatasetCard:
    return dataclasses.replace(london, folder=tmp_path)


def test_photographs_know_no_truth(london: DatasetCard) -> None:
    assert read_truth(london) is None


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
    ],
)
def test_a_malformed_table_is_named_with_its_line(
    card: DatasetCard, content: str, words: str
) -> None:
    (card.folder / "faces.csv").write_text(content)
    with pytest.raises(BenchError, match=words):
        read_truth(card)
