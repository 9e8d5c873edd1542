"""Pictures of stimuli, written anew from their pixels."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from inference.errors import InputError
from inference.media import pictures
from inference.media.pictures import convert_picture

RED, GREEN, BLUE = (200, 0, 0), (0, 200, 0), (0, 0, 200)
EXIF_ROTATED = bytes.fromhex("ffe1 0022 457869660000 4d4d002a00000008 0001 0112000300000001 00060000 00000000")
NEAR = 6  # of 255, by which JPEG and WebP may differ


@pytest.fixture
def pixels() -> np.ndarray:
    """(60, 80, 3) RGB: red left, green upper right, blue lower right."""
    picture = np.empty((60, 80, 3), np.uint8)
    picture[:, :40], picture[:30, 40:], picture[30:, 40:] = RED, GREEN, BLUE
    return picture


def encoded(pixels: np.ndarray, suffix: str) -> bytes:
    """The file of RGB or RGBA pixels, by another encoder than the one that is tested."""
    order = cv2.COLOR_RGBA2BGRA if pixels.shape[-1] == 4 else cv2.COLOR_RGB2BGR
    quality = [cv2.IMWRITE_JPEG_QUALITY, 100] if suffix == ".jpg" else []
    done, data = cv2.imencode(suffix, cv2.cvtColor(pixels, order), quality)
    assert done
    return bytes(data)


@pytest.fixture
def converted(tmp_path: Path) -> Callable[[bytes], np.ndarray]:
    """The pixels that a file is written with, RGB or RGBA."""

    def convert(data: bytes) -> np.ndarray:
        source, target = tmp_path / "sent", tmp_path / "kept.png"
        source.write_bytes(data)
        convert_picture(source, target)
        assert target.read_bytes().startswith(b"\x89PNG")
        kept = cv2.imread(str(target), cv2.IMREAD_UNCHANGED)
        assert kept is not None
        return cv2.cvtColor(kept, cv2.COLOR_BGRA2RGBA if kept.shape[-1] == 4 else cv2.COLOR_BGR2RGB)

    return convert


def test_png_keeps_every_pixel(pixels: np.ndarray, converted: Callable[[bytes], np.ndarray]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (37, 61, 3), np.uint8)
    for picture in (pixels, noise):
        assert np.array_equal(converted(encoded(picture, ".png")), picture)


@pytest.mark.parametrize("suffix", [".jpg", ".webp"])
def test_other_formats_keep_what_is_seen(
    suffix: str, pixels: np.ndarray, converted: Callable[[bytes], np.ndarray]
) -> None:
    kept = converted(encoded(pixels, suffix))[..., :3]
    for row, column in ((5, 5), (5, 70), (50, 70)):
        assert np.abs(kept[row, column].astype(int) - pixels[row, column]).max() <= NEAR


def test_transparency_stays(pixels: np.ndarray, converted: Callable[[bytes], np.ndarray]) -> None:
    alpha = np.dstack([pixels, np.full(pixels.shape[:2], 128, np.uint8)])
    assert np.array_equal(converted(encoded(alpha, ".png")), alpha)


def test_a_photograph_is_upright_and_loses_what_the_camera_noted(
    pixels: np.ndarray, converted: Callable[[bytes], np.ndarray], tmp_path: Path
) -> None:
    jpeg = encoded(pixels, ".jpg")
    kept = converted(jpeg[:2] + EXIF_ROTATED + b"\xff\xfe\x00\x08secret" + jpeg[2:])
    assert kept.shape == (80, 60, 3)
    assert np.abs(kept[5, 30].astype(int) - RED).max() <= NEAR  # what was left is above
    file = (tmp_path / "kept.png").read_bytes()
    assert b"Exif" not in file and b"eXIf" not in file and b"secret" not in file


def test_what_follows_a_picture_is_not_kept(
    pixels: np.ndarray, converted: Callable[[bytes], np.ndarray], tmp_path: Path
) -> None:
    converted(encoded(pixels, ".png") + b"<script>alert(1)</script>")
    assert b"script" not in (tmp_path / "kept.png").read_bytes()


def broken(data: bytes) -> dict[str, bytes]:
    middle = len(data) // 2
    return {"cut": data[:middle], "changed": data[:middle] + bytes(64) + data[middle + 64 :]}


@pytest.mark.parametrize("how", ["cut", "changed"])
@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_broken_ones_are_refused(suffix: str, how: str, converted: Callable[[bytes], np.ndarray]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (300, 300, 3), np.uint8)
    with pytest.raises(InputError) as refused:
        converted(broken(encoded(noise, suffix))[how])
    assert refused.value.code == "not_a_picture"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (b"no picture", "not_a_picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not_a_picture"),
        (b"GIF89a\x01\x00\x01\x00\x00\x00\x00", "not_a_picture"),
        (b"\x89PNG\r\n\x1a\n", "not_a_picture"),
        (b"#EXTM3U\nhttp://127.0.0.1/", "not_a_picture"),
    ],
)
def test_anything_else_is_refused(content: bytes, code: str, converted: Callable[[bytes], np.ndarray]) -> None:
    with pytest.raises(InputError) as refused:
        converted(content)
    assert refused.value.code == code


@pytest.mark.slow
def test_more_pixels_than_a_screen_has_are_refused(converted: Callable[[bytes], np.ndarray]) -> None:
    """A picture of a gigabyte that takes a megabyte."""
    vast = cv2.imencode(".png", np.zeros((20_000, 20_000), np.uint8), [cv2.IMWRITE_PNG_COMPRESSION, 9])[1]
    with pytest.raises(InputError) as refused:
        converted(bytes(vast))
    assert refused.value.code == "not_a_picture"


def test_a_file_that_is_too_large_is_not_read(
    pixels: np.ndarray, converted: Callable[[bytes], np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "MAX_BYTES", 100)
    monkeypatch.setattr(pictures, "read_picture", None)
    with pytest.raises(InputError) as refused:
        converted(encoded(pixels, ".png"))
    assert refused.value.code == "too_large"
