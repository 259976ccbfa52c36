"""A method, made and prepared for a session."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from contextlib import nullcontext
from functools import partial

from bench.errors import BenchError
from bench.plugins.contracts import Method, MethodContext
from bench.plugins.entries import one_line
from bench.plugins.guard import guarded
from bench.plugins.registry import MethodEntry, make_method
from bench.run.session import Session

__all__ = ["prepare_method"]


def prepare_method(
    session: Session,
    entry: MethodEntry,
    parameters: Mapping[str, str],
    device: str = "cpu",
    seed: int = 0,
    *,
    is_watched: bool = False,
) -> tuple[Method, Mapping[str, str]]:
    """Makes a method and lets it load what it needs.

    Args:
        session: dataset and instruments.
        entry: the method.
        parameters: its parameters as text.
        device: torch device.
        seed: of everything random.
        is_watched: whether somebody looks at what it does to its process, which is left as it is;
            else what it prints goes to stderr, and the random generators are as before.

    Returns:
        The method, and what it says decides its numbers.

    Raises:
        BenchError: a parameter is wrong, or the method cannot be prepared.
    """
    context = MethodContext(
        dataset=session.benchmark.card.name,
        resolution=session.benchmark.resolution,
        device=device,
        seed=seed,
        development=session.development,
        neutral=session.neutral,
        look_up=session.look_up,
        stranger=session.stranger,
        landmarks=session.landmarks.find,
        landmark_scheme=session.landmarks.scheme,
        landmark_source=session.landmarks.source,
        remember=partial(session.remember, _described(entry, parameters), device),
        memory=session.memory,
    )
    who = f"method {entry.name!r} cannot be prepared"
    with nullcontext() if is_watched else guarded(seed, "prepare"):
        try:
            method = make_method(entry, dict(parameters))
            fingerprint = method.prepare(context)
        except BenchError:
            raise
        except (ValueError, OSError, ImportError, RuntimeError) as error:
            raise BenchError(f"{who}: {error}") from error
        # A method may raise anything, or try to end the process.
        except (Exception, SystemExit) as error:
            if is_watched:
                raise
            raise BenchError(f"{who}: {one_line(error)}, {_place(error)}") from error
    return method, fingerprint or {}


def _described(entry: MethodEntry, parameters: Mapping[str, str]) -> dict[str, object]:
    """What tells a method, as a file of other content or with other parameters is another."""
    return {
        "name": entry.name,
        "source_sha256": entry.source_sha256,
        "parameters": dict(sorted(parameters.items())),
    }


def _place(error: BaseException) -> str:
    """Where it was raised: what an author needs of a traceback."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{frame.filename}, line {frame.lineno}"
