from __future__ import annotations

import pytest

from glow.convert.names import sort_names


def test_an_optimiser_s_names_are_set_apart():
    step = "model/0/0/f1/l_1/W"
    training = [
        "Variable",
        "Variable_431",
        "beta1_power",
        f"{step}/Adam",
        f"{step}/Adam_1",
        f"{step}/ExponentialMovingAverage",
        f"{step}/ExponentialMovingAverage/biased",
        f"{step}_adam_m1",
    ]
    names = sort_names([step, *training])
    assert set(names.training) == set(training)
    assert names.flow == {"0/0/f1/l_1/W": step}
    assert names.scope == "model/"


def test_variables_without_a_scope_are_read():
    assert sort_names(["0/0/actnorm_center/b"]).scope == ""


def test_other_networks_are_not_a_glow_s():
    with pytest.raises(ValueError, match="no variables of a Glow") as error:
        sort_names(["conv1/weights", "conv2/weights"])
    assert "conv1/weights" in str(error.value)


def test_two_models_in_one_file_are_refused():
    with pytest.raises(ValueError, match="several models, below a/, b/"):
        sort_names(["a/0/0/actnorm_center/b", "b/0/0/actnorm_center/b"])
