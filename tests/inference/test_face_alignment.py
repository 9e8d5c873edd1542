"""Faces are turned, scaled and moved so that their landmarks lie on the template."""

import cv2
import numpy as np
import pytest
import torch
from msgspec.structs import replace

from inference.face_alignment import TEMPLATE, align, similarity
from inference.face_tracking import NO_FACE, FaceTracker, measure_flatness, measure_sharpness
from inference.predictors.face_track import FaceTrack
from inference.types import Faces
from tests.inference.test_face_tracking import FACE, SPEC, middle, photograph

ALIGNED = replace(SPEC, aligned=True, native_size=96)


def moved(points: np.ndarray, degrees: float, scale: float, shift: tuple[float, float]) -> np.ndarray:
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return scale * points @ np.array([[cos, sin], [-sin, cos]]) + shift


def turned(frame: np.ndarray, degrees: float) -> np.ndarray:
    matrix = cv2.getRotationMatrix2D(tuple(middle(FACE)), degrees, 1.0)
    return cv2.warpAffine(frame, matrix, frame.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)


@pytest.mark.parametrize(("degrees", "scale"), [(0, 1.0), (25, 0.4), (-40, 3.0)])
def test_the_transform_undoes_a_turn_a_scale_and_a_shift(degrees: float, scale: float) -> None:
    places = 48 * TEMPLATE
    matrix = similarity(moved(places, degrees, scale, (30, -7)), places)
    np.testing.assert_allclose(moved(places, degrees, scale, (30, -7)) @ matrix[:, :2].T + matrix[:, 2], places)


def test_landmarks_that_coincide_give_a_crop() -> None:
    assert align(np.zeros((50, 50), np.uint8), np.full((5, 2), 20.0), 48).shape == (48, 48)


@pytest.mark.parametrize("scale", [1.0, 4.0, 0.5])
def test_a_picture_on_the_template_stays_as_it_is(scale: float) -> None:
    """A smooth picture is compared with itself at the size of the crop, to a part of a pixel."""
    side = round(48 * scale)
    across, down = np.meshgrid(np.arange(side) + 0.5, np.arange(side) + 0.5)
    picture = np.round(127 + 100 * np.sin(across / side * 6) * np.cos(down / side * 5)).astype(np.uint8)
    crop = align(picture, TEMPLATE * side, 48)
    expected = cv2.resize(picture, (48, 48), interpolation=cv2.INTER_AREA if scale > 1 else cv2.INTER_CUBIC)
    assert np.abs(crop.astype(int) - expected).max() <= 2


def test_a_shrunk_picture_does_not_alias() -> None:
    stripes = np.zeros((480, 480), np.uint8)
    stripes[:, ::2] = 200
    crop = align(stripes, TEMPLATE * 480, 48)
    assert np.abs(crop[2:-2, 2:-2].astype(int) - 100).max() <= 8


@pytest.mark.slow
def test_a_turned_face_gives_the_same_crop() -> None:
    upright, leaning = (FaceTracker(ALIGNED)(frame).crop for frame in (photograph(), turned(photograph(), 20)))
    plain, plainly = (
        FaceTracker(replace(ALIGNED, aligned=False))(frame).crop for frame in (photograph(), turned(photograph(), 20))
    )
    assert upright is not None
    assert leaning is not None
    assert plain is not None
    assert plainly is not None
    assert upright.shape == (96, 96)

    def correlation(one: np.ndarray, other: np.ndarray) -> float:
        scale = len(one) // 48
        inner = (slice(10 * scale, 38 * scale), slice(10 * scale, 38 * scale))
        return float(np.corrcoef(one[inner].ravel(), other[inner].ravel())[0, 1])

    assert correlation(upright, leaning) > 0.8 > 0.6 > correlation(plain, plainly)


def test_a_face_is_kept_with_its_quality() -> None:
    sharp = FaceTracker(SPEC)(photograph())
    assert sharp.quality.confidence > 0.9
    assert sharp.box is not None
    assert sharp.quality.size_px == max(sharp.box[2:])
    blurred = FaceTracker(SPEC)(cv2.GaussianBlur(photograph(), (0, 0), 4))
    assert 0 < blurred.quality.sharpness < 0.6 * sharp.quality.sharpness
    assert FaceTracker(SPEC)(np.zeros((240, 320, 3), np.uint8)).quality == NO_FACE


def test_sharpness_does_not_depend_on_contrast_or_colour() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (48, 48), dtype=np.uint8)
    smooth = cv2.GaussianBlur(noise, (0, 0), 3)
    assert measure_sharpness(np.full((48, 48), 90, np.uint8)) == 0
    assert measure_sharpness(smooth) < 0.2 < measure_sharpness(noise) < 1
    assert measure_sharpness(noise // 2) == pytest.approx(measure_sharpness(noise), rel=0.02)
    assert measure_sharpness(np.stack([noise] * 3, axis=2)) == pytest.approx(measure_sharpness(noise), rel=0.02)


def test_the_quality_of_a_window_is_that_of_its_faces() -> None:
    quality = np.array([(0.9, 40, 0.2, 0.1), NO_FACE, (1.0, 60, 0.4, 0.3), NO_FACE])
    track = FaceTrack(torch.zeros(4, 8), quality[:, 1] > 0, Faces(0.24, ()), quality)
    assert track.mean_quality(0, 3) == pytest.approx((0.95, 50, 0.3, 0.2))
    assert track.mean_quality(3, 2) == NO_FACE
    assert FaceTrack(torch.zeros(4, 8), quality[:, 1] > 0, Faces(0.24, ())).mean_quality(0, 3) is None


def drawing() -> np.ndarray:
    """A drawn face, which MTCNN takes for one."""
    shown, skin, hair = np.full((480, 640, 3), (200, 220, 180), np.uint8), (150, 190, 235), (40, 60, 90)
    cv2.ellipse(shown, (320, 200), (118, 140), 0, 0, 360, hair, -1)
    cv2.ellipse(shown, (320, 240), (95, 125), 0, 0, 360, skin, -1, cv2.LINE_AA)
    cv2.ellipse(shown, (320, 150), (95, 50), 0, 180, 360, hair, -1, cv2.LINE_AA)
    for x in (280, 360):
        cv2.ellipse(shown, (x, 220), (20, 11), 0, 0, 360, (255, 255, 255), -1, cv2.LINE_AA)
        cv2.circle(shown, (x, 220), 9, (60, 40, 30), -1, cv2.LINE_AA)
        cv2.ellipse(shown, (x, 220), (20, 11), 0, 180, 360, (30, 30, 30), 3, cv2.LINE_AA)
        cv2.ellipse(shown, (x, 200), (24, 8), 0, 190, 350, (30, 40, 60), 5, cv2.LINE_AA)
    cv2.ellipse(shown, (320, 268), (14, 9), 0, 0, 180, (100, 140, 190), 3, cv2.LINE_AA)
    cv2.ellipse(shown, (320, 305), (34, 12), 0, 0, 180, (70, 70, 180), -1, cv2.LINE_AA)
    cv2.line(shown, (286, 305), (354, 305), (40, 40, 110), 3, cv2.LINE_AA)
    return shown


def test_a_drawn_face_is_flat_and_left_out() -> None:
    drawn = FaceTracker(SPEC)(drawing())
    assert drawn.crop is not None, "version 1 reads it"
    assert drawn.quality.flatness > 0.5
    assert FaceTracker(ALIGNED)(drawing()).crop is None


@pytest.mark.parametrize("blur", [0, 4])
def test_a_photographed_face_is_not_flat_even_blurred(blur: float) -> None:
    frame = cv2.GaussianBlur(photograph(), (0, 0), blur) if blur else photograph()
    assert FaceTracker(SPEC)(frame).quality.flatness < 0.2
    assert measure_flatness(np.full((48, 48), 90, np.uint8)) == 1
