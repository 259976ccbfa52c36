"""A clean process that holds one flow and times it on demand.

``python -m glow.comparison.worker TASK``, with a :class:`glow.comparison.cells.Task` as JSON. It
answers on stdout with one JSON object a line: first :class:`glow.comparison.process.Ready`, then
for each line ``encode`` or ``decode`` on stdin the processor time of one call. Whatever else is
printed goes to stderr.
"""

from __future__ import annotations

import json
import os
import sys
import time
import warnings
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, TextIO

from glow.comparison.cells import OURS, OURS_ADDITIVE, Task
from glow.comparison.measure import ContestantError
from glow.comparison.memory import peak_mib, resident_mib
from glow.comparison.peers import Flow

__all__ = ["main", "reason_of"]


def main(arguments: Sequence[str]) -> int:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    warnings.simplefilter("ignore")
    try:
        _serve(Task.from_json(arguments[0]), sys.stdin, answers)
    # Whatever a peer raises becomes the reason in its row.
    except Exception as error:
        _answer(answers, error=reason_of(error))
        return 1
    return 0


def reason_of(error: BaseException) -> str:
    """One line that says what was raised."""
    first = next(iter(str(error).strip().splitlines()), "")
    if isinstance(error, (ValueError, ContestantError)) and first:
        return first
    return f"{type(error).__name__}: {first}"[:200].rstrip(": ")


def _serve(task: Task, requests: TextIO, answers: TextIO) -> None:
    import torch

    torch.set_num_threads(1)
    flow = _make_flow(task)
    generator = torch.Generator().manual_seed(1)
    config = task.cell.config
    shape = (task.cell.batch, config.channels, config.image_size, config.image_size)
    # 8-bit values: this package's Glow reads images in bins.
    exact = torch.randint(0, 256, shape, generator=generator).double() / 255.0
    images = exact.float()
    with _no_gradients(task):
        before = resident_mib()
        latents = flow.encode(images)
        decoded = flow.decode(latents)
        round_trip = float((decoded - exact).abs().max())
        _answer(answers, peak_mib=peak_mib(), model_mib=before, round_trip=round_trip)
        del decoded, exact
        for request in requests:
            start = time.process_time()
            if request.strip() == "encode":
                flow.encode(images)
            else:
                flow.decode(latents)
            _answer(answers, seconds=time.process_time() - start)


def _no_gradients(task: Task) -> AbstractContextManager[None]:
    import torch

    # The compiler freezes no weights in inference mode.
    return torch.no_grad() if task.contestant.compiled else torch.inference_mode()


def _make_flow(task: Task) -> Flow:
    contestant = task.contestant
    if contestant.implementation in (OURS, OURS_ADDITIVE):
        return _Ours(task)
    import torch

    from glow.comparison.networks import NetworkVariant
    from glow.comparison.peers import build_peer
    from glow.inference.precision import check_precision

    check_precision(contestant.precision, torch.device("cpu"))
    torch.manual_seed(0)
    variant = NetworkVariant(bf16=contestant.precision == "bf16", compiled=contestant.compiled)
    return build_peer(contestant.implementation, task.cell.config, variant)


class _Ours:
    """The cheapest calls that make latents and images, as for every peer."""

    def __init__(self, task: Task) -> None:
        from glow.model import Glow

        self._model = Glow.from_pretrained(task.weights, precision=task.contestant.precision)

    def encode(self, images: Any) -> Any:
        return self._model.latents(images)

    def decode(self, latents: Any) -> Any:
        return self._model.decode(latents)


def _answer(answers: TextIO, **values: Any) -> None:
    print(json.dumps(values), file=answers, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
