from __future__ import annotations

import pytest

from glow.comparison.cells import Cell, Contestant, Task, config_for


@pytest.mark.parametrize(("size", "levels", "steps"), [(8, 1, 16), (64, 4, 16), (256, 6, 32)])
def test_the_last_level_is_4x4(size: int, levels: int, steps: int) -> None:
    config = config_for(size)
    assert (config.levels, config.steps, config.width) == (levels, steps, 512)
    assert config.latent_shapes()[-1][1:] == (4, 4)


@pytest.mark.parametrize("size", [0, 4, 48, 2048, -64])
def test_other_sizes_are_refused(size: int) -> None:
    with pytest.raises(ValueError, match=f"power of two from 8 to 1024, not {size}"):
        config_for(size)


def test_a_task_survives_the_way_to_its_process() -> None:
    cell = Cell(config_for(16, width=4, steps=3), 5)
    task = Task(Contestant("FrEIA", "bf16", compiled=True), cell, "weights")
    assert Task.from_json(task.to_json()) == task


def test_only_the_coupling_of_the_additive_glow_differs() -> None:
    cell = Cell(config_for(8), 1)
    assert cell.config_of(Contestant("glow", "fp32")) == cell.config
    additive = cell.config_of(Contestant("glow additive", "fp32"))
    assert (additive.coupling, additive.steps) == ("additive", cell.config.steps)


def test_batches_and_precisions_are_checked() -> None:
    with pytest.raises(ValueError, match="batch must be at least 1"):
        Cell(config_for(8), 0)
    with pytest.raises(ValueError, match="precision must be one of"):
        Contestant("glow", "fp16")  # type: ignore[arg-type]
