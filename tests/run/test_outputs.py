"""What a method does wrong becomes an outcome of the sample to blame, never an exception."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from bench.data.split import Pair
from bench.plugins.contracts import Face, MethodCard, MethodContext, TransferRequest
from bench.plugins.failures import InvalidOutput
from bench.run.outputs import call_method

SIZE = 16


class Scripted:
    """Answers each source by what the script says of it, in one array."""

    card = MethodCard("scripted", "for tests")

    def __init__(self, answer: Callable[[TransferRequest], Any]) -> None:
        self.answer = answer
        self.calls: list[int] = []

    def prepare(self, context: MethodContext) -> Mapping[str, str]:
        return {}

    def transfer(self, requests: Sequence[TransferRequest]) -> np.ndarray:
        self.calls.append(len(requests))
        return np.stack([self.answer(request) for request in requests])


def request(source: str) -> TransferRequest:
    face = Face(source, "smiling", "smiling", np.zeros((SIZE, SIZE, 3), np.uint8))
    return TransferRequest(Pair("test", source, "smiling", "t"), face, (face,), (face,), 0.5)


REQUESTS = [request(name) for name in "abc"]


def fails_for_b(fault: Callable[[], Any]) -> Callable[[TransferRequest], Any]:
    def answer(r: TransferRequest) -> Any:
        return fault() if r.source.identity == "b" else np.full((SIZE, SIZE, 3), 0.5)

    return answer


def raise_error() -> None:
    raise ValueError("no latent\nfor b")


def raise_timeout() -> None:
    raise TimeoutError("no answer within 3 s")


def raise_invalid() -> None:
    raise InvalidOutput("the image is grey")


@pytest.mark.parametrize(
    ("fault", "outcome", "detail"),
    [
        (raise_error, "method_error", "ValueError: no latent for b"),
        (raise_timeout, "timeout", "TimeoutError: no answer within 3 s"),
        (raise_invalid, "invalid_output", "InvalidOutput: the image is grey"),
        (lambda: np.full((SIZE, SIZE, 3), np.nan), "invalid_output", "NaN"),
        (lambda: np.full((SIZE, SIZE, 3), 200.0), "invalid_output", "values in [200, 200]"),
        (lambda: np.full((SIZE, SIZE, 3), -0.5), "invalid_output", "not in [0, 1]"),
        (lambda: np.zeros((SIZE, SIZE + 1, 3)), "invalid_output", "(1, 16, 17, 3)"),
        (lambda: np.zeros((SIZE, SIZE, 3), complex), "invalid_output", "complex128"),
    ],
)
def test_only_the_failing_sample_gets_the_outcome(
    fault: Callable[[], Any], outcome: str, detail: str
) -> None:
    outputs = call_method(Scripted(fails_for_b(fault)), REQUESTS, SIZE)
    assert [output.outcome for output in outputs] == ["ok", outcome, "ok"]
    assert detail in outputs[1].detail
    assert "\n" not in outputs[1].detail
    assert outputs[1].pixels is None
    assert outputs[0].pixels is not None
    assert outputs[0].pixels.dtype == np.uint8


def test_a_method_that_works_is_called_once() -> None:
    method = Scripted(lambda r: np.full((SIZE, SIZE, 3), 7, np.uint8))
    outputs = call_method(method, REQUESTS, SIZE)
    assert method.calls == [3]
    assert all((output.pixels == 7).all() for output in outputs if output.pixels is not None)


@pytest.mark.parametrize("returned", [None, "image", [1, 2], np.zeros((2, SIZE, SIZE, 3))])
def test_what_is_no_batch_of_images_fails_every_sample(returned: Any) -> None:
    class Wrong(Scripted):
        def transfer(self, requests: Sequence[TransferRequest]) -> Any:
            return returned

    outputs = call_method(Wrong(lambda r: None), REQUESTS, SIZE)
    assert [output.outcome for output in outputs] == ["invalid_output"] * 3


def test_floats_are_rounded_to_the_nearest_level() -> None:
    values = np.linspace(0.0, 1.0, SIZE * SIZE * 3).reshape(SIZE, SIZE, 3)
    (output,) = call_method(Scripted(lambda r: values), REQUESTS[:1], SIZE)
    assert output.pixels is not None
    assert np.abs(output.pixels / 255.0 - values).max() <= 0.5 / 255.0 + 1e-9


def test_an_interrupt_is_not_swallowed() -> None:
    def interrupt(r: TransferRequest) -> Any:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        call_method(Scripted(interrupt), REQUESTS, SIZE)
