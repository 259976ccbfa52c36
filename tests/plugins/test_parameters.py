"""Parameters are declared by annotations, and a text becomes one of their values or an error."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import pytest

from bench.errors import BenchError
from bench.plugins.checks.cards import check_parameters
from bench.plugins.parameters import Bounds, Parameter, declared_parameters

if TYPE_CHECKING:
    from decimal import Decimal


class Declared:
    def __init__(
        self,
        share: Annotated[float, Bounds(0.0, 1.0)] = 1,
        rounds: Annotated[int, Bounds(low=1)] = 3,
        precision: Literal["fp32", "bf16"] = "fp32",
        levels: Literal[1, 2, 4] = 2,
        exact: bool = False,
        model: str = "",
        folder: Path = Path("."),
        mask: str | None = None,
    ) -> None: ...


def of(name: str) -> Parameter:
    return declared_parameters(Declared)[name]


def test_all_are_declared_in_their_order():
    declared = declared_parameters(Declared)
    assert list(declared)[:3] == ["share", "rounds", "precision"]
    assert [p.problem for p in declared.values()] == [""] * 8
    assert check_parameters(declared.values()).status == "passed"
    assert of("levels").choices == (1, 2, 4)
    assert of("mask").type is str


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("share", "0.25", 0.25),
        ("share", "1", 1.0),
        ("rounds", "7", 7),
        ("precision", "bf16", "bf16"),
        ("levels", "4", 4),
        ("exact", "Yes", True),
        ("model", "12", "12"),
        ("folder", "a/b", Path("a/b")),
        ("mask", "eyes", "eyes"),
    ],
)
def test_a_text_becomes_a_value_of_the_type(name, text, value):
    made = of(name).value_of(text, "method 'mine'")
    assert made == value
    assert type(made) is type(value)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("share", "much", r"method 'mine': share='much' is no float \(default 1\)"),
        ("share", "1.5", r"share='1\.5' is not 0 to 1"),
        ("share", "nan", "share='nan' is not 0 to 1"),
        ("rounds", "0", "rounds='0' is not at least 1"),
        ("rounds", "2.5", "is no int"),
        ("precision", "fp23", "no precision='fp23'; did you mean 'fp32'.*one of fp32, bf16; def"),
        ("levels", "3", "no levels='3' .*one of 1, 2, 4; default 2"),
        ("exact", "perhaps", "is no bool"),
    ],
)
def test_another_text_is_refused_with_what_it_may_be(name, text, words):
    with pytest.raises(BenchError, match=words):
        of(name).value_of(text, "method 'mine'")


class Odd:
    def __init__(
        self,
        sizes: tuple[int, ...] = (1, 2),
        name: Annotated[str, Bounds(0, 1)] = "a",
        share: Annotated[float, Bounds(0, 1)] | None = None,
    ) -> None: ...


def test_what_no_text_can_set_is_refused():
    declared = declared_parameters(Odd)
    with pytest.raises(BenchError, match=r"sizes cannot be set by text: its type tuple.*C3"):
        declared["sizes"].value_of("34", "method 'mine'")
    assert "Bounds, which only int and float can have" in declared["name"].problem
    assert declared["share"].problem == ""
    assert declared["share"].value_of("0.5", "method 'mine'") == 0.5


def test_bounds_have_a_limit():
    with pytest.raises(ValueError, match="without a limit"):
        Bounds()


def test_its_values_are_told():
    told = {name: of(name).values for name in ("share", "rounds", "precision", "exact")}
    assert told == {
        "share": "float, 0 to 1", "rounds": "int, at least 1", "precision": "fp32, bf16",
        "exact": "bool",
    }  # fmt: skip
    assert str(Bounds(high=2.5)) == "at most 2.5"
    assert of("precision").to_dict()["choices"] == ["fp32", "bf16"]


class Untyped:
    def __init__(self, share=1.0) -> None: ...


class Unknown:
    def __init__(self, share: Decimal | None = None) -> None: ...


class Listed:
    def __init__(self, share: tuple[int, ...] = ()) -> None: ...


class Outside:
    def __init__(self, share: Annotated[float, Bounds(0.0, 1.0)] = 2.0) -> None: ...


class NoChoice:
    def __init__(self, share: Literal["a", "b"] = "c") -> None: ...  # type: ignore[assignment]


class Truth:
    def __init__(self, share: int = True) -> None: ...


@pytest.mark.parametrize(
    ("factory", "words"),
    [
        (Untyped, "it has no type"),
        (Unknown, "its type cannot be looked up: name 'Decimal' is not defined"),
        (Listed, "its type tuple.* is none of bool, int, float, str, Path"),
        (Outside, "its default 2.0 is not float, 0 to 1"),
        (NoChoice, "its default 'c' is not a, b"),
        (Truth, "its default True is not int"),
    ],
)
def test_a_declaration_that_breaks_the_contract_says_how(factory, words):
    finding = check_parameters(declared_parameters(factory).values())
    assert finding.status == "failed"
    assert finding.found.startswith("share: ")
    assert re.search(words, finding.found)
