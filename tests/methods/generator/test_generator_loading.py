"""Whose code may run, and what a generator must be able to do."""

from __future__ import annotations

import hashlib

import pytest
import torch
from torch import Tensor, nn

from bench.methods.generator import shipped
from bench.methods.generator.exporting import save_torchscript
from bench.methods.generator.loading import load_generator
from bench.methods.generator.network import SIDE, WIDTH, SmallGenerator


class Square(nn.Module):
    """One grey value for a code of one number, done wrong in a way that is named."""

    def __init__(self, fault: str) -> None:
        super().__init__()
        self.fault = fault
        self.value_range = "0..1"
        self.register_buffer("mean_w", torch.full((1,), 0.5))

    def forward(self, w: Tensor) -> Tensor:
        images = w.view(-1, 1, 1, 1).expand(-1, 3, 16, 16)
        if self.fault == "grey":
            return images[:, :1]
        if self.fault == "oblong":
            return images[:, :, :8]
        if self.fault == "flat":
            return images.flatten(1)
        if self.fault == "detached":
            return images.detach()
        if self.fault == "noise":
            return images + torch.rand_like(images)
        if self.fault == "crowd":
            return images + 0.1 * len(w)
        if self.fault == "nan":
            return images / 0.0 - images / 0.0
        return images


def test_a_file_of_somebody_else_needs_trust(written, linear):
    path = written(linear())
    with pytest.raises(ValueError, match=r"runs the code in it.*--param trust=yes"):
        load_generator(path)
    assert load_generator(path, trust=True).side == 16


def test_untrusted_code_is_not_even_read(tmp_path, monkeypatch):
    path = tmp_path / "foreign.pt"
    path.write_bytes(b"anything")
    monkeypatch.setattr(torch.jit, "load", lambda *_, **__: pytest.fail("it was loaded"))
    with pytest.raises(ValueError, match="trust=yes"):
        load_generator(path)


def test_what_comes_with_the_package_is_known_by_its_hash_alone(written, linear, monkeypatch):
    path = written(linear(), "any-name.pt")
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    monkeypatch.setattr(shipped, "SHIPPED", {"made-up-16": sha256})
    assert load_generator(path).sha256 == sha256
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(ValueError, match="trust=yes"):
        load_generator(path)


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("grey", r"returns \(3, 1, 16, 16\) for 3 codes"),
        ("oblong", r"returns images of 8x16, expected squares"),
        ("flat", r"returns \(3, 768\) for 3 codes"),
        ("detached", "lets no gradient through"),
        ("noise", "draws noise.*noise_mode='const'"),
        ("crowd", "another image of a code when it is called with more codes"),
        ("nan", "not finite"),
    ],
)
def test_a_wrong_interface_is_named_in_one_sentence(written, fault, message):
    path = written(Square(fault))
    with pytest.raises(ValueError, match=message) as caught:
        load_generator(path, trust=True)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_right_one_is_taken(written):
    assert load_generator(written(Square("")), trust=True).mean.shape == (1,)


def test_files_that_are_no_generator(tmp_path):
    page = tmp_path / "page.pt"
    page.write_text("<html>404</html>")
    with pytest.raises(ValueError, match=r"page\.pt is no TorchScript file"):
        load_generator(page, trust=True)
    weights = tmp_path / "weights.pt"
    torch.save({"layer": torch.zeros(2)}, weights)
    with pytest.raises(ValueError, match=r"weights\.pt is no TorchScript file"):
        load_generator(weights, trust=True)
    with pytest.raises(FileNotFoundError, match=r"no generator at .*none\.pt"):
        load_generator(tmp_path / "none.pt", trust=True)


class Bare(nn.Module):
    """Says nothing of itself."""

    def forward(self, w: Tensor) -> Tensor:
        return w.view(-1, 3, 4, 4)


def test_what_it_does_not_say_is_asked_for(written):
    path = written(Bare())
    with pytest.raises(ValueError, match=r"no mean_w.*--param size=D"):
        load_generator(path, trust=True)
    with pytest.raises(ValueError, match=r"--param value_range=-1\.\.1 or"):
        load_generator(path, trust=True, size=48)
    generator = load_generator(path, trust=True, size=48, value_range="-1..1")
    assert generator.mean.tolist() == [0.0] * 48
    assert generator.deviation.tolist() == [1.0] * 48
    with pytest.raises(ValueError, match=r"cannot be called with codes w of the shape \(N, 47\)"):
        load_generator(path, trust=True, size=47, value_range="-1..1")


class Layered(nn.Module):
    """A code a layer, and what it says of itself said by methods."""

    def forward(self, w: Tensor) -> Tensor:
        return w.sum(dim=1).view(-1, 3, 16, 16)

    @torch.jit.export
    def mean_w(self) -> Tensor:
        return torch.zeros(4, 768)

    @torch.jit.export
    def w_std(self) -> float:
        return 2.0

    @torch.jit.export
    def value_range(self) -> str:
        return "0..1"


def test_a_code_may_have_a_row_for_each_layer(written):
    generator = load_generator(written(Layered()), trust=True)
    assert generator.mean.shape == generator.deviation.shape == (4, 768)
    assert generator.deviation.unique().tolist() == [2.0]
    assert generator.images(torch.full((2, 4, 768), 0.25)).unique().tolist() == [1.0]


def test_both_ranges_mean_the_same(written, linear):
    w = torch.randn(3, 6, generator=torch.Generator().manual_seed(1))
    images = [
        load_generator(written(linear(kind), f"{i}.pt"), trust=True).images(w)
        for i, kind in enumerate(("0..1", "-1..1"))
    ]
    torch.testing.assert_close(images[0], images[1])


def test_an_export_holds_no_path_and_what_the_module_knows(tmp_path):
    module = SmallGenerator().eval()
    module.get_buffer("mean_w").fill_(0.25)
    path = tmp_path / "model.pt"
    save_torchscript(module, path)
    assert str(tmp_path).encode() not in path.read_bytes()
    assert __file__.rpartition("/tests/")[0].encode() not in path.read_bytes()
    assert path.stat().st_size < 5e6
    generator = load_generator(path, trust=True)
    assert generator.side == SIDE
    assert generator.mean.tolist() == [0.25] * WIDTH
    w = torch.randn(2, WIDTH, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(generator.images(w), module(w))
