from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

import glow.comparison.process
from glow.comparison.cells import Cell, Contestant, Task, config_for
from glow.comparison.contest import Contest, contestants
from glow.comparison.measure import ContestantError
from glow.comparison.peers import PEERS
from glow.comparison.process import Worker
from glow.comparison.random_weights import random_module, save_random
from glow.comparison.rows import Row

CELL = Cell(config_for(8, width=8, steps=2), 2)


def run(folder: Path, *who: Contestant) -> list[Row]:
    contest = Contest(who, repeats=2, budget=60.0, peak_gflops={"fp32": 100.0}, weights=folder)
    steps: list[int] = []
    rows = contest.run(CELL, steps.append)
    assert sum(steps) == contest.turns
    return rows


def test_who_takes_part() -> None:
    both = contestants(["FrEIA"], ["fp32", "bf16"], compiled=True)
    assert [(c.label, c.precision) for c in both[:4]] == [
        ("glow", "fp32"),
        ("glow additive", "fp32"),
        ("FrEIA", "fp32"),
        ("FrEIA compiled", "fp32"),
    ]
    assert len(both) == 8
    assert not any(c.compiled for c in contestants(["FrEIA"], ["fp32"], compiled=False))


@pytest.mark.slow
def test_ours_and_one_that_fails(tmp_path: Path) -> None:
    ours, additive, bad = run(
        tmp_path,
        Contestant("glow", "fp32"),
        Contestant("glow additive", "fp32"),
        Contestant("no such peer", "fp32"),
    )
    for row in (ours, additive):
        assert row.note == ""
        assert row.calls == 2
        assert row.encode_images_per_second is not None
        assert row.encode_images_per_second >= (row.encode_median_images_per_second or 0.0) > 0.0
        assert row.round_trip is not None
        assert row.round_trip < 1e-5
        assert row.peak_mib is not None
        assert row.peak_mib >= (row.model_mib or 0.0) > 50.0
    assert bad.note.startswith("no peer 'no such peer'")
    assert bad.encode_images_per_second is None


@pytest.mark.slow
@pytest.mark.parametrize("peer", list(PEERS))
def test_every_installed_peer_runs_in_its_own_process(tmp_path: Path, peer: str) -> None:
    pytest.importorskip(peer)
    (row,) = run(tmp_path, Contestant(peer, "fp32"))
    assert row.note == ""
    assert row.round_trip is not None
    assert row.round_trip < 1e-5


@pytest.mark.slow
def test_a_process_that_dies_is_a_reason(tmp_path: Path) -> None:
    weights = str(save_random(CELL.config, tmp_path / "glow.safetensors"))
    with Worker(Task(Contestant("glow", "fp32"), CELL, weights)) as worker:
        assert worker.call("encode") > 0.0
        worker._process.kill()
        with pytest.raises(ContestantError, match="ended by signal 9"):
            worker.call("decode")


@pytest.mark.slow
def test_a_process_that_never_starts_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("glow.comparison.process.sys.executable", shutil.which("false"))
    with pytest.raises(ContestantError, match="ended with status 1"):
        Worker(Task(Contestant("glow", "fp32"), CELL))


def test_too_little_memory_is_refused_before_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(glow.comparison.process, "available_mib", lambda: 1000.0)
    large = Cell(config_for(256), 1)
    with pytest.raises(ContestantError, match="1000 MiB are free; compare fewer at once"):
        Worker(Task(Contestant("FrEIA", "fp32"), large))


def test_random_weights_leave_nothing_at_zero() -> None:
    module = random_module(CELL.config)
    last = [p for name, p in module.named_parameters() if name.endswith("conv.weight")]
    assert last
    assert all(float(parameter[:, :-1].abs().min()) > 0.0 for parameter in last)


def test_random_weights_neither_shrink_nor_blow_up_the_state() -> None:
    module = random_module(config_for(32, width=16, steps=8))
    noise = torch.rand(4, 3, 32, 32, generator=torch.Generator().manual_seed(0)) - 0.5
    with torch.inference_mode():
        latents, _ = module(noise)
    assert all(0.3 < float(eps.std()) < 3.0 for eps in latents)
