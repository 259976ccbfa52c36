from __future__ import annotations

from collections import Counter

import pytest

from bench.data.split import Pair, stranger
from bench.errors import BenchError

PEOPLE = [f"p{number:02d}" for number in range(12)]
SMILES = [(name, "smiling", "happy") for name in PEOPLE]


def pair(source: str = "p00", target: str = "p01", sample: str = "smiling") -> Pair:
    return Pair("test", source, sample, target)


def test_the_stranger_is_a_third_person():
    for source in PEOPLE:
        for target in PEOPLE:
            identity, sample = stranger(pair(source, target), SMILES)
            assert identity not in (source, target)
            assert sample == "smiling"


def test_the_choice_depends_on_the_pair_and_not_on_the_order_of_candidates():
    assert stranger(pair(), SMILES) == stranger(pair(), SMILES[::-1])
    # Written down once: a change would silently change every shuffled-source result.
    assert stranger(pair(), SMILES) == ("p05", "smiling")


def test_strangers_are_spread_over_people():
    chosen = Counter(stranger(pair(s, t), SMILES)[0] for s in PEOPLE for t in PEOPLE if s != t)
    assert set(chosen) == set(PEOPLE)
    assert max(chosen.values()) < 3 * len(PEOPLE)


def test_another_expression_is_preferred_where_there_is_one():
    faces = [*SMILES, ("p05", "frowning", "angry"), ("p00", "frowning", "angry")]
    assert stranger(pair(), faces) == ("p05", "frowning")
    assert stranger(pair("p05", "p01", "frowning"), faces)[1] == "smiling"


def test_without_a_third_person_there_is_no_stranger():
    with pytest.raises(BenchError, match="no third person"):
        stranger(pair(), SMILES[:2])
