from __future__ import annotations

import numpy as np
import pytest

from bench.methods.anchors import CopySource, RealTarget, ShuffledSource, TargetNeutral


@pytest.mark.parametrize(
    ("method", "shown"),
    [
        (TargetNeutral, [("b", "neutral"), ("c", "neutral"), ("a", "neutral")]),
        (CopySource, [("a", "smiling"), ("b", "smiling"), ("a", "smiling")]),
        (ShuffledSource, [("c", "smiling")] * 3),
        (RealTarget, [("b", "smiling"), ("c", "smiling"), ("a", "smiling")]),
    ],
)
def test_an_anchor_shows_the_photograph_of_its_name(context, faces, request_for, method, shown):
    anchor = method()
    assert anchor.prepare(context) == {}
    images = anchor.transfer([request_for("a", "b"), request_for("b", "c"), request_for("a", "a")])
    assert images.dtype == np.uint8
    assert np.array_equal(images, np.stack([faces[key].pixels for key in shown]))
    assert method.card.is_anchor
    assert not method.card.has_alpha


def test_real_target_says_which_photograph_it_lacks(context, request_for):
    anchor = RealTarget()
    anchor.prepare(context)
    with pytest.raises(LookupError, match="'d' has no image of 'happy'"):
        anchor.transfer([request_for("a", "d")])
