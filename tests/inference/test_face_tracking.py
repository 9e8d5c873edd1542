import cv2
import numpy as np
import pytest
from msgspec.structs import replace
from skimage.data import astronaut

from inference.face_tracking import FaceTracker, is_frontal
from inference.model_spec import FaceInput

SPEC = FaceInput(samples=15, size=48, native_size=48, grey=True, crop_scale=1.0, frame_side=640)
FACE = (175, 70, 90, 110)  # left, top, width, height of the face in the photograph, by eye


def photograph(scale: float = 1.0, right: float = 0, down: float = 0, size: tuple[int, int] = (640, 480)) -> np.ndarray:
    """The photograph of a woman, scaled and moved, on a frame of (width, height)."""
    portrait = cv2.cvtColor(astronaut(), cv2.COLOR_RGB2BGR)
    matrix = np.array([[scale, 0, right], [0, scale, down]], dtype=np.float32)
    return cv2.warpAffine(portrait, matrix, size, borderMode=cv2.BORDER_CONSTANT, borderValue=(90, 90, 90))


def middle(box: tuple[int, int, int, int]) -> np.ndarray:
    left, top, width, height = box
    return np.array([left + width / 2, top + height / 2])


def assert_on_face(box: tuple[int, int, int, int] | None, scale: float, right: float = 0, down: float = 0) -> None:
    assert box is not None
    expected = middle(FACE) * scale + (right, down)
    assert np.abs(middle(box) - expected).max() < 0.25 * FACE[3] * scale
    assert max(box[2:]) == pytest.approx(FACE[3] * scale, rel=0.3)


@pytest.mark.parametrize("scale", [0.7, 1.0, 2.0, 4.0])
def test_a_face_is_found_at_any_size(scale: float) -> None:
    right, down = 320 - middle(FACE)[0] * scale, 240 - middle(FACE)[1] * scale
    assert_on_face(FaceTracker(SPEC)(photograph(scale, right, down)).box, scale, right, down)


@pytest.mark.slow
def test_a_moving_face_is_followed() -> None:
    read = FaceTracker(SPEC)
    for step in range(20):
        right, down = 12 * step, 40 * np.sin(step / 2)
        assert_on_face(read(photograph(0.9, right, down)).box, 0.9, right, down)


def test_a_face_that_jumps_across_the_frame_is_found_at_once() -> None:
    read = FaceTracker(SPEC)
    assert_on_face(read(photograph(0.6)).box, 0.6)
    assert_on_face(read(photograph(0.6, right=400, down=200)).box, 0.6, right=400, down=200)


def test_a_face_that_comes_and_goes_is_read_when_it_is_there() -> None:
    read, empty = FaceTracker(SPEC), np.full((480, 640, 3), 90, np.uint8)
    seen = [read(frame).box is not None for frame in (empty, photograph(), photograph(), empty, photograph())]
    assert seen == [False, True, True, False, True]


def test_the_largest_of_two_faces_is_read() -> None:
    frame = photograph(0.6, size=(960, 540))
    large = photograph(1.2, right=400, size=(960, 540))
    frame[:, 400:] = large[:, 400:]
    assert_on_face(FaceTracker(SPEC)(frame).box, 1.2, right=400)


def test_a_larger_face_that_comes_in_is_noticed() -> None:
    read, alone = FaceTracker(SPEC), photograph(0.6, size=(960, 540))
    assert_on_face(read(alone).box, 0.6)
    joined = alone.copy()
    joined[:, 400:] = photograph(1.2, right=400, size=(960, 540))[:, 400:]
    for _ in range(15):
        box = read(joined).box
    assert_on_face(box, 1.2, right=400)


@pytest.mark.parametrize("right", [-230, 340])
def test_a_face_cut_by_the_edge_gives_a_whole_crop(right: int) -> None:
    scale = 1.2
    sample = FaceTracker(replace(SPEC, crop_scale=1.6))(photograph(scale, right=right, down=-60))
    assert sample.crop is not None
    assert sample.crop.shape == (48, 48)


@pytest.mark.parametrize(
    "frame",
    [
        np.zeros((240, 320, 3), np.uint8),
        np.random.default_rng(0).integers(0, 256, (480, 640, 3), dtype=np.uint8),
        np.zeros((2, 2, 3), np.uint8),
        np.zeros((2, 640, 3), np.uint8),
    ],
    ids=["black", "noise", "tiny", "thin"],
)
def test_where_there_is_no_face_there_is_no_crop(frame: np.ndarray) -> None:
    read = FaceTracker(SPEC)
    for _ in range(2):
        sample = read(frame)
        assert (sample.crop, sample.box) == (None, None)


def test_a_crop_is_grey_or_coloured_as_specified() -> None:
    frame = photograph()
    grey, coloured = FaceTracker(SPEC)(frame).crop, FaceTracker(replace(SPEC, grey=False, native_size=96))(frame).crop
    assert grey is not None
    assert coloured is not None
    assert (grey.shape, str(grey.dtype)) == ((48, 48), "uint8")
    assert (coloured.shape, str(coloured.dtype)) == ((96, 96, 3), "uint8")
    assert grey.std() > 20
    assert coloured[..., 2].mean() > coloured[..., 0].mean() + 10  # skin is redder than blue: BGR


def test_a_larger_crop_scale_shows_more_around_the_face() -> None:
    frame = photograph()
    tight, wide = (FaceTracker(replace(SPEC, crop_scale=scale))(frame).crop for scale in (1.0, 1.5))
    assert tight is not None
    assert wide is not None
    inner = cv2.resize(wide[8:40, 8:40], (48, 48))  # 48 / 1.5 = 32 pixels in the middle
    assert np.abs(inner.astype(int) - tight).mean() < 8


def test_the_same_frames_give_the_same_crops() -> None:
    frames = [photograph(1.0, right=3 * step) for step in range(4)]
    first, second = ([read(frame).crop for frame in frames] for read in (FaceTracker(SPEC), FaceTracker(SPEC)))
    for one, other in zip(first, second, strict=True):
        assert one is not None
        assert other is not None
        np.testing.assert_array_equal(one, other)


def test_who_looks_at_the_camera_has_the_nose_between_the_eyes() -> None:
    found = FaceTracker(SPEC)(photograph())
    assert found.view is not None and found.view.frontal
    eyes_nose_mouth = np.array([[10, 10], [30, 10], [20, 20], [14, 30], [26, 30]], dtype=float)
    assert is_frontal(eyes_nose_mouth)
    for turned in (12, 28, 34):
        eyes_nose_mouth[2, 0] = turned
        assert not is_frontal(eyes_nose_mouth)
    tilted = np.array([[10, 10], [10, 30], [0, 20], [0, 0], [0, 0]], dtype=float)
    assert is_frontal(tilted)


def test_people_are_counted_where_the_whole_frame_is_searched() -> None:
    both = photograph(0.8)
    both[:, 320:] = photograph(0.8)[:, :320]
    read = FaceTracker(SPEC)
    counts = [read(both).view for _ in range(3)]
    assert [view and view.people for view in counts] == [2, None, None]
    assert (alone := FaceTracker(SPEC)(photograph()).view) is not None and alone.people == 1
