from __future__ import annotations

import numpy as np
import pytest

from metrics.contracts import Images
from metrics.perturbations import encode_again, perturbations, reduce, shift

RNG = np.random.default_rng(0)


@pytest.fixture
def faces() -> Images:
    """Smooth pictures with a little noise, as photographs are."""
    y, x = np.mgrid[0:64, 0:64] / 64.0
    smooth = np.stack([120 + 80 * np.sin(3 * x), 120 + 80 * np.cos(2 * y), 200 * x * y], axis=-1)
    noise = RNG.normal(0.0, 3.0, (3, 64, 64, 3))
    return np.clip(smooth + noise, 0, 255).astype(np.uint8)


def test_a_ramp_moves_by_its_slope_and_the_edge_repeats() -> None:
    ramp = np.broadcast_to((4 * np.arange(16, dtype=np.uint8))[None, None, :, None], (2, 16, 16, 3))
    np.testing.assert_array_equal(shift(ramp, right=1)[:, :, 1:], ramp[:, :, :-1])
    np.testing.assert_array_equal(shift(ramp, right=1)[:, :, 0], ramp[:, :, 0])
    np.testing.assert_array_equal(shift(ramp, right=-1)[:, :, -1], ramp[:, :, -1])
    # Along the other axis nothing changes.
    np.testing.assert_array_equal(shift(ramp, down=1), ramp)


def test_there_and_back_restores_all_but_the_edge(faces: Images) -> None:
    back = shift(shift(faces, right=1, down=-1), right=-1, down=1)
    np.testing.assert_array_equal(back[:, 1:-1, 1:-1], faces[:, 1:-1, 1:-1])


def test_a_lossless_format_changes_nothing_and_a_lossy_one_little(faces: Images) -> None:
    np.testing.assert_array_equal(encode_again(faces, options={"format": "PNG"}), faces)
    by_name = {p.name: p.apply(faces).astype(float) for p in perturbations()}
    errors = {
        name: np.sqrt(np.square(by_name[name] - faces).mean()) for name in ("jpeg-95", "webp-80")
    }
    assert 0.0 < errors["jpeg-95"] < errors["webp-80"] < 6.0


def test_reducing_keeps_what_is_coarse_and_loses_what_is_fine() -> None:
    flat = np.full((1, 32, 32, 3), 77, dtype=np.uint8)
    np.testing.assert_array_equal(reduce(flat, side=8), flat)
    board = (np.indices((32, 32)).sum(axis=0) % 2 * 255).astype(np.uint8)
    checks = np.repeat(board[None, :, :, None], 3, axis=3)
    assert np.ptp(reduce(checks, side=16)[0, 4:-4, 4:-4].astype(int)) < 20


@pytest.mark.parametrize("panel", [perturbations((32, 16))], ids=["all"])
def test_each_perturbation_keeps_shapes_and_treats_images_alone(
    panel: tuple, faces: Images
) -> None:
    assert [p.name for p in panel] == [
        *["shift-left", "shift-right", "shift-up", "shift-down", "jpeg-95", "webp-80"],
        *["reduce-32", "reduce-16"],
    ]
    for perturbation in panel:
        before = faces.copy()
        changed = perturbation.apply(faces)
        np.testing.assert_array_equal(faces, before)
        assert (changed.shape, changed.dtype) == (faces.shape, np.uint8)
        assert (changed != faces).any()
        np.testing.assert_array_equal(changed[1:2], perturbation.apply(faces[1:2]))
        np.testing.assert_array_equal(changed, perturbation.apply(faces))


def test_the_four_shifts_differ(faces: Images) -> None:
    moved = [p.apply(faces) for p in perturbations() if p.kind == "shift"]
    assert len(moved) == 4
    for place, one in enumerate(moved):
        assert not any((one == other).all() for other in moved[place + 1 :])


@pytest.mark.parametrize("side", [4, 64, 65])
def test_a_reduction_that_is_none_is_refused(side: int, faces: Images) -> None:
    with pytest.raises(
        ValueError, match=f"64 pixels a side can be reduced to 8 to 63.*not to {side}"
    ):
        reduce(faces, side=side)


def test_malformed_images_are_refused(faces: Images) -> None:
    for perturbation in perturbations((16,)):
        with pytest.raises(ValueError, match="square RGB"):
            perturbation.apply(faces[:, :, :60])
    with pytest.raises(ValueError, match="cannot be moved by 64"):
        shift(faces, right=64)
