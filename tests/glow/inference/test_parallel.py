"""Batches in parts are the same batches, and leave PyTorch's threads as they were."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator

import pytest
import torch

from glow.inference.parallel import map_parts

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("count", [1, 2, 3, 8, 9])
def test_every_image_is_in_one_part_in_order(count: int) -> None:
    parts = map_parts(lambda part: list(range(count))[part], count, CPU)
    assert [index for part in parts for index in part] == list(range(count))
    assert len(parts) <= 2


def test_parts_have_a_thread_of_their_own_and_no_gradients() -> None:
    def state(part: slice) -> tuple[int, bool]:
        return torch.get_num_threads(), torch.is_inference_mode_enabled()

    assert set(map_parts(state, 8, CPU)) == {(1, True)}
    assert torch.get_num_threads() == 2
    seen: list[int] = []
    thread = threading.Thread(target=lambda: seen.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    assert seen == [2]


def test_one_thread_works_here_and_now() -> None:
    torch.set_num_threads(1)
    assert map_parts(lambda _: threading.get_ident(), 8, CPU) == [threading.get_ident()]


def test_an_error_in_a_part_is_raised() -> None:
    def fail(part: slice) -> None:
        raise ValueError(f"part {part.start}")

    with pytest.raises(ValueError, match="part 0"):
        map_parts(fail, 4, CPU)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_forked_process_makes_threads_of_its_own() -> None:
    map_parts(lambda part: part, 4, CPU)
    child = os.fork()
    if child == 0:
        os._exit(0 if len(map_parts(lambda part: part, 4, CPU)) == 2 else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_the_images_are_those_of_one_thread(make_glow) -> None:
    model = make_glow(classes=3)
    images = torch.rand(7, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    labels = torch.tensor([0, 1, 2, 0, 1, 2, 0])
    eps, log_prob = model.encode(images, labels)
    decoded = model.decode(eps, labels)
    torch.set_num_threads(1)
    alone, alone_log_prob = model.encode(images, labels)
    torch.testing.assert_close(eps, alone, rtol=0, atol=1e-5)
    torch.testing.assert_close(log_prob, alone_log_prob, rtol=1e-6, atol=0)
    torch.testing.assert_close(decoded, model.decode(eps, labels), rtol=0, atol=1e-6)
