from __future__ import annotations

import pytest

from glow.comparison.measure import ContestantError, Direction, in_turns


class Recorder:
    """Takes the seconds that it is told to and writes down its calls."""

    def __init__(self, name: str, calls: list[str], seconds: float, fails_at: int = 0) -> None:
        self.name, self.calls, self.seconds, self.fails_at = name, calls, seconds, fails_at
        self.made = 0

    def call(self, direction: Direction) -> float:
        self.made += 1
        if self.made == self.fails_at:
            raise ContestantError("out of memory")
        self.calls.append(f"{self.name} {direction}")
        return self.seconds * self.made


def test_each_round_calls_everyone_in_both_directions() -> None:
    calls: list[str] = []
    runners = {name: Recorder(name, calls, 0.1) for name in "ab"}
    in_turns(runners, repeats=2, budget=100.0)
    assert calls == ["a encode", "a decode", "b encode", "b decode"] * 2


def test_least_and_median_are_of_each_direction() -> None:
    times = in_turns({"a": Recorder("a", [], 1.0)}, repeats=3, budget=100.0)["a"]
    assert times.seconds == {"encode": [1.0, 3.0, 5.0], "decode": [2.0, 4.0, 6.0]}
    assert (times.least("encode"), times.median("encode")) == (1.0, 3.0)
    assert (times.least("decode"), times.median("decode")) == (2.0, 4.0)


def test_a_slow_one_leaves_after_two_calls_and_the_others_go_on() -> None:
    calls: list[str] = []
    runners = {"slow": Recorder("slow", calls, 50.0), "fast": Recorder("fast", calls, 0.1)}
    times = in_turns(runners, repeats=5, budget=2.0)
    assert len(times["slow"].seconds["encode"]) == 2
    assert len(times["fast"].seconds["encode"]) == 3  # 0.1 + 0.2 + ... + 0.6 is more than 2
    assert calls[-1] == "fast decode"


def test_a_failure_has_a_reason_and_no_times() -> None:
    runners = {"bad": Recorder("bad", [], 1.0, fails_at=4), "good": Recorder("good", [], 1.0)}
    times = in_turns(runners, repeats=3, budget=100.0)
    assert times["bad"].failure == "out of memory"
    assert times["bad"].seconds == {"encode": [], "decode": []}
    assert len(times["good"].seconds["encode"]) == 3


@pytest.mark.parametrize("budget", [100.0, 0.0])
def test_progress_reaches_the_end_whoever_leaves(budget: float) -> None:
    steps: list[int] = []
    runners = {"bad": Recorder("bad", [], 1.0, fails_at=3), "good": Recorder("good", [], 1.0)}
    in_turns(runners, repeats=4, budget=budget, advance=steps.append)
    assert sum(steps) == 2 * 4
