"""Which outputs a run keeps as pictures, and that they can be asked for later."""

from __future__ import annotations

from pathlib import Path

from bench import api
from tests.fingerprints import fingerprints


def contents(folder: Path, pattern: str) -> dict[str, str]:
    """Files of the run of pixel-arith by their place in it: their SHA-256."""
    (run,) = folder.glob("synthfaces-64/pixel-arith-*")
    return fingerprints(run.rglob(pattern), run)


def test_pictures_can_be_asked_for_after_the_rows_were_made(embedded: Path, tmp_path: Path) -> None:
    few, all_at_once = tmp_path / "few", tmp_path / "all"
    grid = {"limit": 8, "alphas": (0.0, 0.5, 1.0)}
    api.run(["pixel-arith"], api.Settings(out=all_at_once, keep_images=True, **grid))
    api.run(["pixel-arith"], api.Settings(out=few, **grid))
    rows, kept = contents(few, "*.parquet"), contents(few, "[01].*.png")
    wanted = contents(all_at_once, "[01].*.png")
    assert len(wanted) == 2 * 8 * 3
    assert 0 < len(kept) < len(wanted)
    api.run(["pixel-arith"], api.Settings(out=few, keep_images=True, **grid))
    assert contents(few, "[01].*.png") == wanted
    assert contents(few, "*.parquet") == rows


def test_a_sample_without_an_image_is_not_asked_for_again(
    embedded: Path, tmp_path: Path, monkeypatch
) -> None:
    from bench.run.execute import Runner

    settings = api.Settings(out=tmp_path, limit=12, alphas=(0.0, 1.0), keep_images=True)
    board = api.run(["control-fails"], settings)
    assert next(r for r in board.rows if r.method == "control-fails").failures
    monkeypatch.setattr(Runner, "draw", lambda *_: 1 / 0)
    api.run(["control-fails"], settings)
