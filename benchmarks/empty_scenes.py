"""Recordings of nobody: ten seconds each of a picture and a sound in which there is no one to read."""

import csv
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from training.evaluation.labelled_recordings import LABELS, NOBODY
from training.features import sound_augmentation

SECONDS, FPS, RATE = 10, 10, 22050
SIZE = (320, 240)  # width, height

Picture = Callable[[int], NDArray[np.uint8]]  # frame number -> (H, W, 3) BGR
Sound = Callable[[np.random.Generator], NDArray[np.floating]]


def clouds(frame: int) -> NDArray[np.uint8]:
    """Soft grey shapes that drift over blue."""
    noise = np.random.default_rng(0).random((SIZE[1] // 8, SIZE[0] // 8 + SECONDS * FPS))
    part = np.ascontiguousarray(noise[:, frame : frame + SIZE[0] // 8])
    soft = cv2.GaussianBlur(cv2.resize(part, SIZE, interpolation=cv2.INTER_CUBIC), (0, 0), 12)
    cover = np.clip((soft - 0.42) * 6, 0, 1)[..., None]
    shown: NDArray[np.uint8] = (cover * 235 + (1 - cover) * np.array((220, 160, 90))).astype(np.uint8)
    return shown


def snow(frame: int) -> NDArray[np.uint8]:
    """The noise of a television without a channel."""
    return np.random.default_rng(frame).integers(0, 256, (SIZE[1], SIZE[0], 3), dtype=np.uint8)


def room(_: int) -> NDArray[np.uint8]:
    """A wall with a window and a table."""
    shown = np.full((SIZE[1], SIZE[0], 3), (150, 165, 175), np.uint8)
    cv2.rectangle(shown, (40, 30), (130, 120), (230, 220, 200), -1)
    cv2.line(shown, (85, 30), (85, 120), (90, 100, 110), 3)
    cv2.rectangle(shown, (150, 170), (300, 185), (60, 90, 130), -1)
    return shown


def cartoon(frame: int) -> NDArray[np.uint8]:
    """A drawn face whose mouth opens and closes."""
    shown = np.full((SIZE[1], SIZE[0], 3), (200, 230, 180), np.uint8)
    cv2.circle(shown, (160, 120), 80, (90, 220, 255), -1)
    cv2.circle(shown, (160, 120), 80, (0, 0, 0), 3)
    for x in (130, 190):
        cv2.ellipse(shown, (x, 100), (12, 20), 0, 0, 360, (255, 255, 255), -1)
        cv2.circle(shown, (x, 104), 7, (0, 0, 0), -1)
    cv2.ellipse(shown, (160, 150), (36, 6 + 16 * (frame // 3 % 2)), 0, 0, 180, (40, 40, 160), -1)
    return shown


def music(generator: np.random.Generator) -> NDArray[np.floating]:
    """Chords."""
    return sound_augmentation.music(SECONDS * RATE, RATE, generator)


def white_noise(generator: np.random.Generator) -> NDArray[np.floating]:
    """Noise of one level."""
    return generator.standard_normal(SECONDS * RATE)


def hum(generator: np.random.Generator) -> NDArray[np.floating]:
    """The mains."""
    return sound_augmentation.hum(SECONDS * RATE, RATE, generator)


def silence(_: np.random.Generator) -> NDArray[np.floating]:
    """Nothing."""
    return np.zeros(SECONDS * RATE)


_SCENES: tuple[tuple[Picture, Sound], ...] = (
    (clouds, music),
    (clouds, white_noise),
    (snow, white_noise),
    (room, hum),
    (room, music),
    (room, silence),
    (cartoon, music),
    (cartoon, silence),
)
SCENES = tuple(f"{picture.__name__} with {sound.__name__}".replace("_", " ") for picture, sound in _SCENES)


def write_scenes(folder: Path) -> Path:
    """Write each scene as MP4, and labels.csv; returns the folder."""
    rows = [("file", "label")]
    for seed, (name, (picture, sound)) in enumerate(zip(SCENES, _SCENES, strict=True)):
        path = folder / f"{name}.mp4"
        samples = sound(np.random.default_rng(seed))
        _write(path, picture, 0.2 * samples / max(1e-9, np.abs(samples).max()))
        rows.append((path.name, NOBODY))
    with (folder / LABELS).open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    return folder


def _write(path: Path, picture: Picture, samples: NDArray[np.floating]) -> None:
    with av.open(path, "w") as container:
        stream = container.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        track = container.add_stream("aac", rate=RATE, layout="mono")
        packets = []
        for number in range(SECONDS * FPS):
            packets += stream.encode(av.VideoFrame.from_ndarray(picture(number), format="bgr24"))
        frame = av.AudioFrame.from_ndarray(samples[None].astype(np.float32), format="fltp", layout="mono")
        frame.sample_rate, frame.time_base = RATE, Fraction(1, RATE)
        packets += [*stream.encode(), *track.encode(frame), *track.encode()]
        for packet in packets:
            container.mux(packet)
