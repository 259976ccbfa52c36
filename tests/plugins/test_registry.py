from __future__ import annotations

import hashlib
import sys
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path
from textwrap import dedent

import pytest

import bench.plugins.entries
from bench.errors import BenchError
from bench.plugins.registry import GROUP, list_methods, load_method, make_method

GOOD = dedent(
    """
    from bench.plugins.contracts import MethodCard

    class Good:
        card = MethodCard("good", "does something")

        def __init__(self, strength=0.5, rounds=3, exact=False, model="", mask=None):
            if rounds < 0:
                raise ValueError("rounds must not be negative")
            self.given = (strength, rounds, exact, model, mask)

        def prepare(self, context):
            return {}

        def transfer(self, requests):
            return []
    """
)
ONLY_A_CARD = """
from bench.plugins.contracts import MethodCard
class Half:
    card = MethodCard("{name}", "has no transfer")
    def prepare(self, context): return {{}}
"""
BROKEN = {
    "syntax": ("def :\n", "SyntaxError: invalid syntax"),
    "imports": ("import no_such_package\n", "No module named 'no_such_package'"),
    "raises": ("raise KeyError\n", "KeyError"),
    "two-lines": ("raise RuntimeError('first\\nsecond')\n", "RuntimeError: first second"),
    "leaves": ("import sys\nsys.exit('no licence')\n", "SystemExit: no licence"),
    "half": (ONLY_A_CARD.format(name="half"), "it lacks transfer"),
    "needy": (
        GOOD.replace("strength=0.5", "strength").replace('"good"', '"needy"'),
        "without a default: strength",
    ),
    "boundless": (
        "from typing import Annotated\nfrom bench.plugins.parameters import Bounds\n"
        + GOOD.replace("strength=0.5", "strength: Annotated[float, Bounds()] = 0.5").replace(
            '"good"', '"boundless"'
        ),
        "Bounds() without a limit",
    ),
}


@pytest.fixture
def install(tmp_path: Path, monkeypatch):
    """Pretends that packages with these methods are installed, instead of the real ones."""
    points: list[EntryPoint] = []

    def add(name: str, source: str, class_name: str = "Good") -> Path:
        module = f"made_up_{len(points)}_{name.replace('-', '_')}"
        path = tmp_path / f"{module}.py"
        path.write_text(source, encoding="utf-8")
        points.append(EntryPoint(name, f"{module}:{class_name}", GROUP))
        return path

    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(bench.plugins.entries, "entry_points", lambda group: points)
    yield add
    for name in [name for name in sys.modules if name.startswith("made_up_")]:
        del sys.modules[name]


def test_the_built_in_methods_load():
    entries = {entry.name: entry for entry in list_methods() if entry.origin.startswith("express")}
    declared = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))
    assert set(entries) == set(declared["project"]["entry-points"]["bench.methods"])
    assert {entry.problem for entry in entries.values()} == {None}
    assert {name for name, entry in entries.items() if entry.card.is_anchor} == {
        *("copy-source", "real-target", "shuffled-source", "target-neutral"),
    }


def test_a_method_is_found_by_name(install):
    path = install("good", GOOD)
    entry = load_method("good")
    assert entry.card.description == "does something"
    assert entry.source_sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert list(entry.parameters()) == ["strength", "rounds", "exact", "model", "mask"]


def test_a_class_that_inherits_the_protocol_has_no_parameters(tmp_path):
    source = GOOD.replace("class Good:", "class Good(Method):").replace(
        "import MethodCard", "import Method, MethodCard"
    )
    start, end = source.index("    def __init__"), source.index("    def prepare")
    (tmp_path / "mine.py").write_text(source[:start] + source[end:])
    assert load_method(str(tmp_path / "mine.py")).parameters() == {}


def test_a_file_finds_the_modules_beside_it(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "made_up_beside.py").write_text("STRENGTH = 0.25\n")
    source = "from made_up_beside import STRENGTH\n" + GOOD.replace("=0.5", "=STRENGTH")
    (tmp_path / "mine.py").write_text(source)
    entry = load_method(str(tmp_path / "mine.py"))
    assert entry.parameters()["strength"].default == 0.25
    del sys.modules["made_up_beside"]


def test_a_method_is_found_by_file(tmp_path):
    path = tmp_path / "my_file.py"
    path.write_text(GOOD)
    entry = load_method(str(path))
    assert (entry.name, entry.origin) == ("good", str(path))
    assert entry.source_sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert make_method(entry, {}).given == (0.5, 3, False, "", None)


def test_an_unknown_name_gets_help(install):
    install("good", GOOD)
    with pytest.raises(BenchError, match="no method called 'goood'; did you mean 'good'") as caught:
        load_method("goood")
    assert "bench list methods" in caught.value.hint
    with pytest.raises(BenchError, match=r"no method file at absent\.py"):
        load_method("absent.py")


def test_broken_methods_are_listed_with_their_reason_beside_the_good_ones(install):
    for name, (source, _) in BROKEN.items():
        install(name, source, "Half" if name == "half" else "Good")
    install("good", GOOD)
    install("renamed", GOOD)
    install("classless", "x = 1\n")
    install("instance", GOOD.replace('"good"', '"instance"') + "GOOD = Good()\n", "GOOD")
    entries = list_methods()
    assert [entry.name for entry in entries] == sorted(
        [*BROKEN, "good", "renamed", "classless", "instance"]
    )
    problems = {entry.name: entry.problem for entry in entries}
    assert problems.pop("good") is None
    assert problems.pop("renamed") == "its card is called 'good'"
    assert "has no attribute 'Good'" in problems.pop("classless")
    assert problems.pop("instance") == "it is no class but of Good"
    for name, (_, words) in BROKEN.items():
        assert words in problems[name]
        assert "\n" not in problems[name]
        with pytest.raises(BenchError, match=f"method '{name}' .* cannot be loaded: "):
            load_method(name)


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_says_why(tmp_path, name):
    source, words = BROKEN[name]
    path = tmp_path / f"{name}.py"
    path.write_text(source)
    with pytest.raises(BenchError) as caught:
        load_method(str(path))
    assert words in caught.value.message
    assert str(path) in caught.value.message
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("x = 1\n", "found none"),
        ("from bench.methods.pixel_arith import PixelArithmetic\n", "found none"),
        (GOOD + GOOD.replace("class Good", "class Better"), "found Good, Better"),
    ],
)
def test_a_file_holds_exactly_one_method(tmp_path, source, found):
    (tmp_path / "mine.py").write_text(source)
    with pytest.raises(BenchError, match=f"expected one class with a MethodCard.*{found}"):
        load_method(str(tmp_path / "mine.py"))


def test_one_name_from_two_packages_is_refused(install):
    install("good", GOOD)
    install("good", GOOD)
    with pytest.raises(BenchError, match=r"method 'good' .* two packages register it, made_up_0"):
        load_method("good")
    assert [entry.problem is None for entry in list_methods()] == [False]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"strength": "2"}, (2.0, 3, False, "", None)),
        ({"rounds": "7", "exact": "Yes"}, (0.5, 7, True, "", None)),
        ({"exact": "0", "model": "12", "mask": "eyes"}, (0.5, 3, False, "12", "eyes")),
    ],
)
def test_parameters_take_the_type_of_their_default(install, given, expected):
    install("good", GOOD)
    made = make_method(load_method("good"), given).given
    assert made == expected
    assert list(map(type, made)) == list(map(type, expected))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"rouns": "3"}, "has no parameter 'rouns'; did you mean 'rounds'.*its parameters: stren"),
        ({"rounds": "2.5"}, r"rounds='2\.5' is no int \(default 3"),
        ({"strength": "strong"}, "strength='strong' is no float"),
        ({"exact": "perhaps"}, "exact='perhaps' is no bool"),
        ({"rounds": "-1"}, "method 'good': rounds must not be negative"),
    ],
)
def test_wrong_parameters_are_named(install, given, words):
    install("good", GOOD)
    with pytest.raises(BenchError, match=words):
        make_method(load_method("good"), given)
