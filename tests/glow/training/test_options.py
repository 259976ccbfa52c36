from __future__ import annotations

from pathlib import Path

import pytest

from glow.training import TrainingOptions


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("steps", 0),
        ("batch", 0),
        ("measure_every", -1),
        ("learning_rate", 0.0),
        ("learning_rate", float("nan")),
        ("clip", -1.0),
        ("warmup", -1),
        ("weight_decay", -0.1),
        ("held_out_share", 0.0),
        ("held_out_share", 1.0),
        ("average", 1.0),
        ("precision", "fp16"),
        ("memory", "lose"),
    ],
)
def test_options_out_of_range_are_named(name, value):
    with pytest.raises(ValueError, match=f"^{name} must be .*{value}"):
        TrainingOptions([Path()], Path(), **{name: value})
