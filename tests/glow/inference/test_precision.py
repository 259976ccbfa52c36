"""What a precision changes, and where it is refused."""

from __future__ import annotations

import pytest
import torch

from glow import Glow
from glow.inference import precision as precisions
from glow.inference.precision import check_precision

FAST_BF16 = not precisions._no_fast_bf16(torch.device("cpu"))


def test_an_unknown_precision_is_refused(make_module):
    with pytest.raises(ValueError, match=r"precision must be one of .*'fp16'"):
        Glow(make_module(), precision="fp16")


def test_bf16_is_refused_with_the_reason_where_it_is_slow(monkeypatch):
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False)
    with pytest.raises(ValueError, match="neither AVX512_BF16 nor AMX; use fp32"):
        check_precision("bf16", torch.device("cpu"))
    with pytest.raises(ValueError, match="nothing is known of bfloat16 on mps"):
        check_precision("bf16", torch.device("mps"))
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (7, 5))
    with pytest.raises(ValueError, match=r"capability 7\.5 < 8"):
        check_precision("bf16", torch.device("cuda"))
    check_precision("fp32", torch.device("cpu"))


@pytest.mark.skipif(not FAST_BF16, reason="no fast bfloat16 on this processor")
@pytest.mark.parametrize("coupling", ["affine", "additive"])
def test_bf16_moves_latents_a_little_and_still_decodes_what_it_encoded(make_glow, coupling):
    exact = make_glow(coupling=coupling, width=32, precision="fp64")
    fast = make_glow(coupling=coupling, width=32, precision="bf16")
    images = exact.quantize(torch.rand(4, 3, 8, 8, generator=torch.Generator().manual_seed(0)))
    difference = fast.latents(images) - exact.latents(images)
    assert 0.0 < difference.square().mean().sqrt() < 0.02
    assert (fast.decode(fast.latents(images)) - images).abs().max() < 1e-3


@pytest.mark.parametrize("at_once", [1, 40, 200, 1024])
def test_the_result_does_not_depend_on_the_grouping(make_glow, monkeypatch, at_once):
    """Rows of an image, an image, or several are worked on at once."""
    model = make_glow(image_size=32)
    images = torch.rand(6, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    monkeypatch.setattr("glow.inference.networks._POSITIONS_AT_ONCE", at_once)
    together = model.latents(images)
    alone = torch.cat([model.latents(image[None]) for image in images])
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-5)
