"""Random people, expressions and views."""

from __future__ import annotations

from typing import Final

import numpy as np

from bench.data.synthfaces.parameters import (
    ACTION_UNITS,
    HAIR_STYLES,
    Expression,
    Identity,
    View,
)

__all__ = [
    "EXCLUSIVE",
    "NAMED_EXPRESSIONS",
    "any_expression",
    "natural_expression",
    "random_identity",
    "random_view",
    "similar_view",
]

NAMED_EXPRESSIONS: Final = {
    "happiness": Expression.of(AU06=3.5, AU12=4.0, AU25=3.0),
    "sadness": Expression.of(AU01=4.0, AU04=2.0, AU15=4.0, AU17=2.0),
    "surprise": Expression.of(AU01=4.0, AU02=4.5, AU05=4.0, AU25=4.0, AU26=4.0),
    "fear": Expression.of(AU01=3.5, AU02=2.0, AU04=3.0, AU05=4.5, AU20=4.0, AU25=2.5),
    "anger": Expression.of(AU04=4.5, AU05=2.0, AU07=4.0, AU23=4.5),
    "disgust": Expression.of(AU07=1.5, AU09=4.5, AU10=4.0, AU17=1.5),
    "contempt": Expression.of(AU02=1.5, AU12=1.5, AU14=4.5),
    "pain": Expression.of(AU04=3.5, AU06=4.0, AU07=4.5, AU09=2.0, AU20=3.0, AU25=3.5),
    "doubt": Expression.of(AU02=4.0, AU15=3.0, AU17=4.5),
    "embarrassment": Expression.of(AU12=2.5, AU14=2.0, AU28=4.5, AU26=1.5),
    "yawn": Expression.of(AU04=1.0, AU25=4.5, AU26=5.0, AU45=4.5),
    "snarl": Expression.of(AU04=3.0, AU09=3.0, AU10=4.5, AU25=3.5),
}
"""The twelve test expressions, every person with the same intensities."""

# What one face does not show at once: the second would hide or undo the first.
EXCLUSIVE: Final = [
    ("AU05", "AU45"), ("AU28", "AU25"), ("AU28", "AU10"), ("AU28", "AU23"), ("AU23", "AU26"),
    ("AU12", "AU15"), ("AU23", "AU20"), ("AU23", "AU25"), ("AU07", "AU45"),
]  # fmt: skip


def random_identity(rng: np.random.Generator) -> Identity:
    """A person at random, the wide variety of a city."""

    def around() -> float:
        return float(np.clip(rng.normal(0.0, 0.5), -1.0, 1.0))

    def sometimes(chance: float) -> float:
        return float(rng.uniform(0.4, 1.0)) if rng.random() < chance else 0.0

    skin = float(rng.beta(1.1, 1.3))
    # Dark skin goes with dark hair and eyes, mostly.
    lightest = 1.0 - 0.85 * skin if rng.random() < 0.9 else 1.0
    style = str(rng.choice(HAIR_STYLES, p=[0.08, 0.2, 0.16, 0.14, 0.12, 0.12, 0.08, 0.10]))
    masculine = style in ("bald", "short", "side") and rng.random() < 0.7
    return Identity(
        face_width=around(),
        jaw_width=around() + (0.25 if masculine else 0.0),
        chin_length=around(),
        chin_width=around(),
        forehead_height=around(),
        cheek_fullness=around(),
        skin=skin,
        skin_redness=around(),
        hair_style=style,
        hair_tone=float(rng.beta(1.0, 1.4)) * lightest,
        hair_redness=sometimes(0.12) * lightest,
        hair_volume=around(),
        hairline=around(),
        brow_height=around(),
        brow_thickness=around() + (0.3 if masculine else -0.1),
        brow_slant=around(),
        brow_arch=around(),
        eye_spacing=around(),
        eye_size=around(),
        eye_width=around(),
        eye_slant=around(),
        eye_tone=float(rng.beta(0.9, 1.3)) * lightest,
        nose_length=around(),
        nose_width=around(),
        nose_bridge=around(),
        mouth_width=around(),
        mouth_height=around(),
        upper_lip=around(),
        lower_lip=around(),
        lip_redness=around() - (0.5 if masculine else 0.0),
        ear_size=around(),
        age=float(rng.beta(1.2, 1.6)),
        freckles=sometimes(0.2) * (1.0 if skin < 0.55 else 0.0),
        stubble=sometimes(0.6) if masculine else 0.0,
        mole=float(rng.choice([-1.0, 1.0]) * rng.uniform(0.7, 1.2)) if rng.random() < 0.2 else 0.0,
        glasses=str(rng.choice(["none", "round", "square"], p=[0.76, 0.12, 0.12])),
        clothes=float(rng.random()),
    )


def natural_expression(rng: np.random.Generator) -> Expression:
    """What a face does between expressions: one to three weak Action Units."""
    chosen = rng.choice(len(ACTION_UNITS), size=rng.integers(1, 4), replace=False)
    intensities = np.zeros(len(ACTION_UNITS))
    intensities[chosen] = np.minimum(0.2 + rng.gamma(1.5, 0.6, len(chosen)), 3.0)
    return _without_conflicts(intensities, rng)


def any_expression(rng: np.random.Generator) -> Expression:
    """Any mixture of Action Units, for training instruments.

    A third are named expressions at some strength, the others independent draws, so that an
    instrument cannot lean on which units go together.
    """
    intensities = np.zeros(len(ACTION_UNITS))
    if rng.random() < 0.3:
        names = list(NAMED_EXPRESSIONS)
        named = NAMED_EXPRESSIONS[names[rng.integers(len(names))]]
        intensities += np.array(named.intensities) * rng.uniform(0.2, 1.2)
    count = rng.integers(0, 7)
    chosen = rng.choice(len(ACTION_UNITS), size=count, replace=False)
    intensities[chosen] = rng.uniform(0.0, 5.0, count)
    return _without_conflicts(np.clip(intensities, 0.0, 5.0), rng)


def random_view(rng: np.random.Generator) -> View:
    """A small turn of the head, any light, any backdrop."""
    return View(
        **_pose(rng),
        light=float(rng.uniform(-1.0, 1.0)),
        contrast=float(rng.uniform(0.15, 0.6)),
        exposure=float(rng.uniform(0.9, 1.08)),
        background_hue=float(rng.random()),
        background_tone=float(rng.uniform(0.15, 1.0)),
    )


def similar_view(view: View, rng: np.random.Generator) -> View:
    """Another picture of the same sitting: a new pose, nearly the same light and backdrop."""
    return View(
        **_pose(rng),
        light=float(np.clip(view.light + rng.normal(0.0, 0.15), -1.0, 1.0)),
        contrast=float(np.clip(view.contrast + rng.normal(0.0, 0.03), 0.15, 0.6)),
        exposure=float(np.clip(view.exposure + rng.normal(0.0, 0.01), 0.9, 1.08)),
        background_hue=view.background_hue,
        background_tone=float(np.clip(view.background_tone + rng.normal(0.0, 0.02), 0.15, 1.0)),
    )


def _pose(rng: np.random.Generator) -> dict[str, float]:
    return {
        "yaw": float(np.clip(rng.normal(0.0, 4.0), -10, 10)),
        "pitch": float(np.clip(rng.normal(0.0, 2.5), -6, 6)),
        "roll": float(np.clip(rng.normal(0.0, 1.0), -2.5, 2.5)),
    }


def _without_conflicts(intensities: np.ndarray, rng: np.random.Generator) -> Expression:
    values = dict(zip(ACTION_UNITS, intensities.tolist(), strict=True))
    for pair in EXCLUSIVE:
        if min(values[name] for name in pair) > 0:
            values[pair[int(rng.integers(2))]] = 0.0
    return Expression.of(**{name: round(value, 2) for name, value in values.items()})
