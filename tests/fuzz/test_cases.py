"""A few hundred cases of every kind of file; docs/fuzzing.md has the command for more.

Text is read here, in the tests' own process. What libraries in other languages parse can end the
process, so that is read in one of its own, with limits of time and memory.
"""

from __future__ import annotations

import json
import ntpath
import os
import posixpath
from pathlib import Path
from random import Random

import pytest

pytest.importorskip("hypothesis", reason="needs hypothesis: pip install -e '.[fuzz]'")

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bench.data.inside import path_problem
from bench.data.reading import parse_json
from bench.leaderboard.entry import entry_name
from tests.fuzz.run import fuzz
from tests.fuzz.targets import NATIVE, TARGETS, run_case

BOUNDED = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)

TEXTUAL = sorted(set(TARGETS) - set(NATIVE))

PARTS = st.sampled_from(
    [
        "..",
        ".",
        "a",
        "b c",
        "C:",
        "\\",
        "/",
        "//",
        "...",
        " ",
        ".. ",
        "con",
        "NUL.txt",
        "é",
        "\0",
        "~",
    ]
)


@pytest.fixture(scope="module")
def folder_of(tmp_path_factory: pytest.TempPathFactory):
    """The folder of a target, with what lies beside its file."""
    made: dict[str, Path] = {}

    def find(name: str) -> Path:
        if name not in made:
            made[name] = tmp_path_factory.mktemp(name).resolve()
            TARGETS[name].prepare(made[name])
        return made[name]

    return find


@pytest.mark.parametrize("name", TARGETS)
def test_of_what_cases_are_made_of_some_is_read_without_an_error(folder_of, name):
    target = TARGETS[name]
    outcomes = [run_case(target, folder_of(name), content) for content in target.seeds()]
    # Some are of a kind that is refused: animations, sequences, cards of other files than those.
    assert "ok" in outcomes


@pytest.mark.parametrize("name", TEXTUAL)
def test_a_changed_file_is_read_or_refused_by_name(folder_of, name):
    target, folder = TARGETS[name], folder_of(name)

    @BOUNDED
    @given(st.integers(0, 2**32))
    def read(seed: int) -> None:
        random = Random(seed)
        run_case(target, folder, target.mutate(random.choice(target.seeds()), random))

    read()


@pytest.mark.parametrize("name", TEXTUAL)
def test_any_bytes_at_all_are_read_or_refused_by_name(folder_of, name):
    target, folder = TARGETS[name], folder_of(name)

    @settings(BOUNDED, max_examples=40)
    @given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)))
    @example(b"")
    @example(b"\xff\xfe\x00")
    def read(content: bytes) -> None:
        run_case(target, folder, content)

    read()


@pytest.mark.parametrize("name", ["entry", "board", "run"])
def test_any_values_in_place_of_one_are_read_or_refused_by_name(folder_of, name):
    target, folder = TARGETS[name], folder_of(name)
    sound = json.loads(target.seeds()[0])
    values = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
        max_leaves=8,
    )

    @BOUNDED
    @given(st.sampled_from(sorted(sound)), values)
    def read(field: str, value: object) -> None:
        run_case(target, folder, json.dumps({**sound, field: value}).encode())

    read()


@pytest.mark.parametrize("name", NATIVE)
def test_files_that_other_languages_parse_do_not_end_the_process(name):
    tally = fuzz(name, 0, 150)
    assert tally.findings == {}
    assert tally.cases == 150
    assert 0 < tally.accepted < 150


@BOUNDED
@given(st.lists(PARTS | st.text(max_size=5), min_size=1, max_size=5).map("/".join) | st.text())
@example("a\\..\\..\\b")
@example("C:x")
@example("a/.. /b")
def test_a_path_without_a_problem_stays_below_its_folder_on_every_system(text):
    if path_problem(text) is not None:
        return
    assert not posixpath.isabs(text)
    assert posixpath.normpath(posixpath.join("/root", text)).startswith("/root/")
    drive, tail = ntpath.splitdrive(text)
    assert drive == ""
    assert ntpath.normpath(ntpath.join("C:\\root", tail)).startswith("C:\\root\\")
    os.fsencode(text)


@BOUNDED
@given(
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=30),
    st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=5), st.text(max_size=5)),
)
@example("..", {})
@example("a/../../b", {})
def test_the_name_of_an_entry_is_one_name_or_is_refused_when_it_is_written(method, parameters):
    try:
        name = entry_name(method, parameters)
    except UnicodeEncodeError:
        return  # no JSON that is read holds half a character
    assert "/" not in name
    assert "\\" not in name
    assert name.strip(".") or path_problem(name)


@BOUNDED
@given(st.text(max_size=100))
@example("[" * 100_000)
@example("1" * 5000)
@example('"\\ud800"')
@example("1e999")
@example("NaN")
def test_a_json_text_has_finite_values_or_is_refused(text):
    try:
        values = parse_json(text, finite=True)
    except ValueError as error:
        reason = str(error)
        assert reason
        return
    json.dumps(values, allow_nan=False, ensure_ascii=False).encode()
