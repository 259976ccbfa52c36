from __future__ import annotations

import numpy as np
import pytest
import torch

from glow.convert import convert


def test_each_tensor_is_where_it_belongs(make_module, make_variables, variant):
    module, variables = make_module(variant), make_variables(variant)
    conversion = convert(variables, image_size=8, bits=module.config.bits)
    assert conversion.config == module.config
    expected = module.state_dict()
    assert set(conversion.tensors) == set(expected)
    for name, tensor in expected.items():
        assert torch.equal(conversion.tensors[name], tensor), name


def test_eight_bits_are_assumed_and_said(make_variables):
    assert convert(make_variables("affine"), image_size=8).bits_assumed
    assert not convert(make_variables("affine"), image_size=8, bits=8).bits_assumed
    variables = make_variables("affine")
    variables.bits = 5
    conversion = convert(variables, image_size=8)
    assert (conversion.config.bits, conversion.bits_assumed) == (5, False)


def test_an_unknown_image_size_is_asked_for(make_variables):
    with pytest.raises(ValueError, match="pass --image-size"):
        convert(make_variables())


def test_an_image_size_that_contradicts_the_file_is_refused(make_variables):
    variables = make_variables()
    variables.image_size = 8
    assert convert(variables).config.image_size == 8
    with pytest.raises(ValueError, match="--image-size 16 contradicts the file, which says 8"):
        convert(variables, image_size=16)


def test_an_image_size_that_the_levels_cannot_halve_is_refused(make_variables):
    with pytest.raises(ValueError, match=r"image_size 6 is not divisible by 2 \*\* levels"):
        convert(make_variables(), image_size=6)


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("model/0/0/actnorm_center/b", "(1, 1, 1, 12)"),
        ("model/1/1/invconv/W", "(24, 24)"),
        ("model/0/1/f1/l_1/W", "(3, 3, 7, 8)"),
        ("model/1/0/f1/l_2/actnorm_scale/logs", "(1, 1, 1, 8)"),
        ("model/1/1/f1/l_last/logs", "(1, 12)"),
        ("model/pool0/conv/W", "(3, 3, 7, 12)"),
        ("model/prior/p/b", "(1, 1, 1, 48)"),
    ],
)
def test_a_missing_variable_is_named_with_its_shape(make_variables, name, shape):
    variables = make_variables()
    del variables.arrays[name]
    with pytest.raises(ValueError, match="is missing") as error:
        convert(variables, image_size=8)
    assert f"{name} {shape} is missing" in str(error.value)


def test_a_wrong_shape_is_named_with_the_right_one(make_variables):
    variables = make_variables()
    variables.arrays["model/0/0/f1/l_1/W"] = np.zeros((3, 3, 6, 8), dtype=np.float32)
    with pytest.raises(ValueError, match="has the shape") as error:
        convert(variables, image_size=8)
    assert "model/0/0/f1/l_1/W has the shape (3, 3, 6, 8), not (3, 3, 7, 8)" in str(error.value)


def test_an_extra_variable_is_refused_unless_allowed(make_variables):
    variables = make_variables()
    variables.arrays["model/0/0/f1/l_1/context/W"] = np.zeros((5, 8), dtype=np.float32)
    with pytest.raises(ValueError, match=r"l_1/context/W \(5, 8\) is extra; --allow-extra"):
        convert(variables, image_size=8)
    conversion = convert(variables, image_size=8, allow_extra=True)
    assert conversion.extra == ("model/0/0/f1/l_1/context/W",)


def test_many_problems_are_counted(make_variables):
    variables = make_variables()
    variables.arrays = {k: v for k, v in variables.arrays.items() if "l_2/" not in k}
    with pytest.raises(ValueError, match="and 7 more"):
        convert(variables, image_size=8)


def test_what_is_not_of_the_flow_is_left_out(make_variables):
    variables = make_variables("shuffle-affine")
    for name in ("model/classifier/W", "Variable_7", "model/0/0/f1/l_1/W/ExponentialMovingAverage"):
        variables.arrays[name] = np.zeros(3, dtype=np.float32)
    conversion = convert(variables, image_size=8)
    assert conversion.extra == ()
    assert len(conversion.training) == 2


def test_another_scope_and_the_older_spelling_are_read(make_variables):
    expected = convert(make_variables(), image_size=8).tensors
    variables = make_variables()
    variables.rename("model/", "import/glow/")
    variables.rename("actnorm_", "actnorm/actnorm_")
    variables.rename("/prior/", "/top_prior/")
    found = convert(variables, image_size=8).tensors
    assert all(torch.equal(found[name], tensor) for name, tensor in expected.items())
    del variables.arrays["import/glow/0/0/actnorm/actnorm_center/b"]
    with pytest.raises(ValueError, match=r"import/glow/0/0/actnorm_center/b .* is missing"):
        convert(variables, image_size=8)


def test_a_shuffle_is_read_from_its_inverse_alone(make_variables):
    expected = convert(make_variables("shuffle"), image_size=8).tensors
    variables = make_variables("shuffle")
    variables.arrays = {k: v for k, v in variables.arrays.items() if not k.endswith("/indices")}
    found = convert(variables, image_size=8).tensors
    assert all(torch.equal(found[name], tensor) for name, tensor in expected.items())


def test_indices_that_are_no_permutation_are_refused(make_variables):
    variables = make_variables("shuffle")
    variables.arrays["model/0/1/shuffle/indices"][:] = 0
    with pytest.raises(ValueError, match=r"model/0/1/shuffle/indices: .* no permutation"):
        convert(variables, image_size=8)


def test_a_value_that_is_not_finite_is_refused(make_variables):
    variables = make_variables()
    variables.arrays["model/1/0/invconv/W"][3, 2] = np.nan
    with pytest.raises(ValueError, match="model/1/0/invconv/W holds a value that is not finite"):
        convert(variables, image_size=8)


def test_a_flow_cut_in_the_middle_is_not_taken_for_a_smaller_one(make_variables):
    variables = make_variables()
    variables.arrays = {k: v for k, v in variables.arrays.items() if "model/1/1/" not in k}
    with pytest.raises(ValueError, match=r"model/1/1/actnorm_center/b .* is missing"):
        convert(variables, image_size=8)


def test_progress_ends_at_the_total(make_variables):
    calls = []
    conversion = convert(
        make_variables(), image_size=8, advance=lambda done, total: calls.append((done, total))
    )
    assert calls[-1] == (len(conversion.tensors), len(conversion.tensors))


@pytest.mark.parametrize("bits", [0, 9])
def test_bits_that_no_pixel_has_are_refused(make_variables, bits):
    with pytest.raises(ValueError, match=f"bits must be .*{bits}"):
        convert(make_variables(), image_size=8, bits=bits)
