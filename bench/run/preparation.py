"""A method, made and prepared for a session."""

from __future__ import annotations

from collections.abc import Mapping

from bench.errors import BenchError
from bench.plugins.contracts import Method, MethodContext
from bench.plugins.registry import MethodEntry, make_method
from bench.run.session import Session

__all__ = ["prepare_method"]


def prepare_method(
    session: Session,
    entry: MethodEntry,
    parameters: Mapping[str, str],
    device: str = "cpu",
    seed: int = 0,
) -> tuple[Method, Mapping[str, str]]:
    """Makes a method and lets it load what it needs.

    Args:
        session: dataset and instruments.
        entry: the method.
        parameters: its parameters as text.
        device: torch device.
        seed: of everything random.

    Returns:
        The method, and what it says decides its numbers.

    Raises:
        BenchError: a parameter is wrong, or the method cannot be prepared.
    """
    method = make_method(entry, dict(parameters))
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
    )
    try:
        fingerprint = method.prepare(context)
    except (ValueError, OSError, ImportError, RuntimeError) as error:
        raise BenchError(f"method {entry.name!r} cannot be prepared: {error}") from error
    return method, fingerprint or {}
