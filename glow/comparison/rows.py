"""Rows of the comparison: speed, memory, round trip, and what they mean beside each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from glow.comparison.cells import OURS, Cell, Contestant
from glow.comparison.flops import flops_per_image
from glow.comparison.measure import Times
from glow.comparison.process import Ready

__all__ = ["Row", "failed_row", "measured_row", "with_ratios"]


@dataclass(frozen=True, slots=True)
class Row:
    """One implementation in one cell; numbers are None where it does not run.

    Attributes:
        implementation: ``compiled`` is part of the name.
        precision: of the coupling networks.
        size: of the images, in pixels.
        batch: images at once.
        encode_images_per_second: of the fastest call, on one thread by processor time.
        decode_images_per_second: likewise.
        peak_mib: resident memory of a process that makes the model, encodes and decodes.
        round_trip: largest difference of an image value, in [0, 1], after encode and decode.
        encode_median_images_per_second: of the median call.
        decode_median_images_per_second: likewise.
        calls: timed in each direction.
        model_mib: resident memory before the first call: imports and weights.
        encode_share_of_peak: operations a second, as a share of the machine's best product of
            matrices in this precision.
        decode_share_of_peak: likewise.
        encode_vs_best_peer: speed of ours over that of the fastest peer of this precision, in any
            variant.
        decode_vs_best_peer: likewise.
        encode_vs_best_fp32_peer: over that of the fastest peer in fp32.
        decode_vs_best_fp32_peer: likewise.
        note: why there are no numbers.
    """

    implementation: str
    precision: str
    size: int
    batch: int
    encode_images_per_second: float | None = None
    decode_images_per_second: float | None = None
    peak_mib: float | None = None
    round_trip: float | None = None
    encode_median_images_per_second: float | None = None
    decode_median_images_per_second: float | None = None
    calls: int = 0
    model_mib: float | None = None
    encode_share_of_peak: float | None = None
    decode_share_of_peak: float | None = None
    encode_vs_best_peer: float | None = None
    decode_vs_best_peer: float | None = None
    encode_vs_best_fp32_peer: float | None = None
    decode_vs_best_fp32_peer: float | None = None
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def failed_row(contestant: Contestant, cell: Cell, reason: str) -> Row:
    """The row of what does not run here."""
    return replace(_empty(contestant, cell), note=reason)


def measured_row(
    contestant: Contestant,
    cell: Cell,
    ready: Ready,
    times: Times,
    peak_gflops: Mapping[str, float],
) -> Row:
    """The row of what was timed.

    Args:
        peak_gflops: of the machine, by precision.
    """
    if times.failure:
        return failed_row(contestant, cell, times.failure)
    config = cell.config_of(contestant)
    operations = flops_per_image(config, priors=contestant.is_ours) / 1e9
    encode, decode = (cell.batch / times.least(direction) for direction in ("encode", "decode"))
    peak = peak_gflops.get(contestant.precision)
    return replace(
        _empty(contestant, cell),
        encode_images_per_second=encode,
        decode_images_per_second=decode,
        peak_mib=ready.peak_mib,
        round_trip=ready.round_trip,
        encode_median_images_per_second=cell.batch / times.median("encode"),
        decode_median_images_per_second=cell.batch / times.median("decode"),
        calls=len(times.seconds["encode"]),
        model_mib=ready.model_mib,
        encode_share_of_peak=operations * encode / peak if peak else None,
        decode_share_of_peak=operations * decode / peak if peak else None,
    )


def with_ratios(rows: Sequence[Row], peers: Iterable[str]) -> list[Row]:
    """The rows of one cell, those of ours with the ratio to the best peer.

    ``glow additive`` gets none: it is another model, of fewer operations than the peers.
    """
    names = {variant for peer in peers for variant in (peer, f"{peer} compiled")}
    rivals = [row for row in rows if row.implementation in names and not row.note]
    return [_compared(row, rivals) if row.implementation == OURS else row for row in rows]


def _compared(row: Row, rivals: Sequence[Row]) -> Row:
    same = [rival for rival in rivals if rival.precision == row.precision]
    fp32 = [rival for rival in rivals if rival.precision == "fp32"]
    ratios = {}
    for direction in ("encode", "decode"):
        for name, group in (("peer", same), ("fp32_peer", fp32)):
            ours, best = (
                _speed(row, direction),
                max((_speed(r, direction) for r in group), default=0),
            )
            ratios[f"{direction}_vs_best_{name}"] = ours / best if ours and best else None
    return replace(row, **ratios)  # type: ignore[arg-type]


def _speed(row: Row, direction: str) -> float:
    return getattr(row, f"{direction}_images_per_second") or 0.0


def _empty(contestant: Contestant, cell: Cell) -> Row:
    return Row(contestant.label, contestant.precision, cell.config.image_size, cell.batch)
