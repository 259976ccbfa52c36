from __future__ import annotations

import sys

import numpy as np
import pytest

from bench.methods.region_paste import RegionPaste


@pytest.fixture
def paste(drawing):
    pytest.importorskip("cv2", reason="needs OpenCV: pip install -e '.[opencv]'")

    def transfer(request, **parameters: str) -> np.ndarray:
        method = RegionPaste(**parameters)
        method.prepare(drawing.context())
        return method.transfer([request])[0]

    return transfer


def change(drawing, image) -> np.ndarray:
    return np.abs(image - drawing.face("b", "neutral").pixels / 255.0).max(axis=2)


def test_alpha_is_a_cross_fade(paste, drawing):
    neutral, half, whole = (
        paste(drawing.request("a", "b", "surprise", alpha)) for alpha in (0.0, 0.5, 1.0)
    )
    np.testing.assert_allclose(half, (neutral + whole) / 2.0, atol=1e-9)


@pytest.mark.parametrize(
    ("regions", "pasted", "kept"),
    [("mouth", np.s_[44:54, 26:38], np.s_[:40]), ("eyes", np.s_[22:34, 16:48], np.s_[44:])],
)
def test_only_the_named_pieces_change(paste, drawing, regions, pasted, kept):
    changed = change(drawing, paste(drawing.request("a", "b", "surprise"), regions=regions))
    assert changed[pasted].max() > 0.2
    assert changed[kept].max() == 0.0


def test_both_pieces_are_both(paste, drawing):
    request = drawing.request("a", "b", "surprise")
    whole, eyes, mouth = (paste(request, regions=r) for r in ("mouth+eyes", "eyes", "mouth"))
    np.testing.assert_array_equal(whole[:30], eyes[:30])
    np.testing.assert_array_equal(whole[48:], mouth[48:])


def test_a_person_s_own_mouth_is_the_source_s(paste, drawing):
    image = paste(drawing.request("b", "b", "happiness"), regions="mouth")
    source = drawing.face("b", "happiness").pixels / 255.0
    neutral = drawing.face("b", "neutral").pixels / 255.0
    inside = np.s_[45:52, 27:37]
    assert np.abs(image - source)[inside].mean() < 0.25 * np.abs(neutral - source)[inside].mean()


def test_a_mouth_that_reaches_the_edge_of_the_frame_is_pasted(paste, drawing):
    """A yawn beneath a short chin: seamlessClone alone wants room around its mask."""
    image = paste(drawing.request("a", "b", "yawn", 1.5))
    assert np.isfinite(image).all()
    assert change(drawing, image)[50:58].max() > 0.2


def test_unknown_regions_are_refused():
    with pytest.raises(ValueError, match=r"one of mouth, eyes, mouth\+eyes, not 'nose'"):
        RegionPaste(regions="nose")


def test_without_opencv_it_says_what_to_install(drawing, monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(ImportError, match=r"needs OpenCV.*pip install -e '\.\[opencv\]'"):
        RegionPaste().prepare(drawing.context())
