from __future__ import annotations

import numpy as np
import pytest

from glow.convert.folded import find_folded

ENCODER = ["model/0/0/actnorm_center/add"]
DECODER = ["model/0/0/actnorm_center/sub"]


@pytest.fixture
def logs():
    return np.random.default_rng(0).normal(size=(1, 1, 1, 12))


@pytest.mark.parametrize(
    ("form", "operations", "fold"),
    [
        ("mul", ENCODER, lambda logs: 3.0 * logs),
        ("mul", DECODER, lambda logs: 3.0 * logs),
        ("Exp", ENCODER, lambda logs: np.exp(3.0 * logs)),
        ("Exp", DECODER, lambda logs: np.exp(-3.0 * logs)),
    ],
)
def test_log_scales_are_recovered(logs, form, operations, fold):
    name = f"model/0/0/actnorm_scale/{form}"
    folded = find_folded({name: logs.shape}, operations)["model/0/0/actnorm_scale/logs"]
    assert (folded.constant, folded.shape) == (name, logs.shape)
    np.testing.assert_allclose(folded.undo(fold(logs)), logs, atol=1e-12)


def test_a_coupling_network_s_scale_is_never_inverted(logs):
    name = "model_1/0/0/f1/l_1/actnorm_scale/Exp"
    folded = find_folded({name: logs.shape}, DECODER)["model/0/0/f1/l_1/actnorm_scale/logs"]
    np.testing.assert_allclose(folded.undo(np.exp(3.0 * logs)), logs, atol=1e-12)


@pytest.mark.parametrize(("operations", "inverted"), [(ENCODER, False), (DECODER, True)])
def test_matrices_are_recovered(operations, inverted):
    matrix = np.random.default_rng(0).normal(size=(12, 12))
    name = "model/0/0/invconv/Reshape"
    folded = find_folded({name: (1, 1, 12, 12)}, operations)["model/0/0/invconv/W"]
    constant = np.linalg.inv(matrix) if inverted else matrix
    np.testing.assert_allclose(folded.undo(constant[None, None]), matrix, atol=1e-9)


def test_nothing_is_guessed_where_the_direction_is_unknown(logs):
    names = {"model/0/0/actnorm_scale/Exp": logs.shape, "model/0/0/invconv/Reshape": (1, 1, 9, 9)}
    assert find_folded(names, []) == {}


def test_other_constants_are_left_alone():
    names = {"model/0/0/f1/l_1/Const": (1, 6, 6, 1), "model/0/0/actnorm_scale/mul/y": ()}
    assert find_folded(names, ENCODER) == {}
