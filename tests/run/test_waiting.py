"""An AU estimator on another machine: every image is asked for at once, then the run goes on."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from bench import api
from bench.run.waiting import ImagesWait
from metrics.contracts import AUReading, Images, UnmeasuredImages

Embed = Callable[[pytest.MonkeyPatch], Path]


class Elsewhere:
    """An instrument that answers what somebody measured between two commands."""

    def __init__(self, here: object) -> None:
        self.here, self.asked, self.answered = here, set[str](), set[str]()

    def __getattr__(self, name: str) -> object:
        return getattr(self.here, name)

    def estimate(self, images: Images) -> AUReading:
        names = {hashlib.sha256(image.tobytes()).hexdigest() for image in images}
        self.asked |= names
        if missing := names - self.answered:
            raise UnmeasuredImages(f"{len(self.asked - self.answered)} images wait, {missing}")
        reading: AUReading = self.here.estimate(images)  # type: ignore[attr-defined]
        return reading


def test_one_round_asks_for_the_images_of_all_methods(
    embed: Embed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    embed(monkeypatch)
    from bench.run import instruments

    elsewhere = Elsewhere(instruments.load_au_estimator("synth"))
    monkeypatch.setattr(instruments, "load_au_estimator", lambda *_, **__: elsewhere)
    settings = api.Settings(out=tmp_path, limit=6, alphas=(0.0, 1.0))
    with pytest.raises(ImagesWait, match=r"^\d+ images wait"):
        api.run(["pixel-arith"], settings)
    rounds = 1
    # What is chosen by an answer can only be asked for after it.
    while elsewhere.asked - elsewhere.answered:
        elsewhere.answered |= elsewhere.asked
        try:
            board = api.run(["pixel-arith"], settings)
        except ImagesWait:
            rounds += 1
    assert rounds == 1
    assert {row.method for row in board.rows} >= {"pixel-arith", "target-neutral"}
    assert all(row.coverage == 1.0 for row in board.rows)
