"""Short clips with a drawn face that smiles more the higher the valence, and a hum that changes with it.

Both are noisy, so that one clip says little; a detector of faces finds the drawing.
"""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

SIDE = 128  # pixels
FPS = 10
SOUND_RATE = 16000
_SCALE = 2  # drawn so much larger, then shrunk
_NOISE = 0.6  # deviation of what is felt from one trial to the next, on a scale of -1 to 1


@dataclass(frozen=True)
class Mood:
    """Valence and arousal, -1 to 1."""

    valence: float
    arousal: float


@dataclass(frozen=True)
class Person:
    """How a subject looks and sounds; colours are BGR."""

    skin: tuple[int, int, int]
    background: int
    pitch_hz: float

    @classmethod
    def draw(cls, rng: np.random.Generator) -> "Person":
        """Draw a person."""
        tone = rng.uniform(0.65, 1.0)
        skin = (int(150 * tone), int(180 * tone), int(220 * tone))
        return cls(skin, int(rng.integers(70, 130)), rng.uniform(100, 220))


def felt(rng: np.random.Generator, mood: Mood) -> Mood:
    """A trial's mood: that of its label, with noise."""
    return Mood(mood.valence + _NOISE * rng.standard_normal(), mood.arousal + _NOISE * rng.standard_normal())


def write_clip(
    path: Path, person: Person, mood: Mood, seconds: float, rng: np.random.Generator, *, sound: bool = True
) -> None:
    """Write a video, as AVI (MPEG-4) or MP4 (H.264) by its name, with a hum unless `sound` is False."""
    shown = felt(rng, mood)
    with av.open(str(path), "w") as container:
        if path.suffix == ".avi":
            picture = container.add_stream("mpeg4", rate=FPS)
        else:
            picture = container.add_stream("libx264", rate=FPS)
        picture.width = picture.height = SIDE
        picture.pix_fmt, picture.bit_rate = "yuv420p", 400_000
        track = container.add_stream("aac", rate=SOUND_RATE, layout="mono") if sound else None
        sway = np.cumsum(rng.standard_normal((round(seconds * FPS), 2)), axis=0) * 0.3
        for number, (x, y) in enumerate(np.clip(sway, -6, 6)):
            image = draw_face(person, shown, float(x), float(y))
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            container.mux(picture.encode(frame))
        container.mux(picture.encode(None))
        if track is not None:
            piece = av.AudioFrame.from_ndarray(_hum(person, shown, seconds, rng)[None], format="flt", layout="mono")
            piece.sample_rate, piece.pts, piece.time_base = SOUND_RATE, 0, Fraction(1, SOUND_RATE)
            container.mux(track.encode(piece))
            container.mux(track.encode(None))


def draw_face(person: Person, mood: Mood, x: float = 0.0, y: float = 0.0) -> NDArray[np.uint8]:
    """A face (SIDE, SIDE, 3) BGR, `x` and `y` pixels off the middle; arousal raises the brows and opens the eyes."""
    side = SIDE * _SCALE
    image = np.full((side, side, 3), person.background, np.uint8)
    middle = side // 2 + round(x * _SCALE), side // 2 + round(y * _SCALE)
    width, height = round(side * 0.27), round(side * 0.36)

    def at(right: float, down: float) -> tuple[int, int]:
        return middle[0] + round(right * width), middle[1] + round(down * height)

    def shade(share: float) -> tuple[int, int, int]:
        blue, green, red = (round(share * value) for value in person.skin)
        return blue, green, red

    def oval(centre: tuple[int, int], right: float, down: float, colour: tuple[int, int, int]) -> None:
        cv2.ellipse(image, centre, (max(round(right * width), 1), max(round(down * height), 1)), 0, 0, 360, colour, -1)

    open_eye = 0.08 + 0.03 * np.clip(mood.arousal, -2, 2)
    brow = -0.35 - 0.05 * np.clip(mood.arousal, -2, 2)
    oval(at(0, -0.25), 1.12, 0.95, shade(0.25))  # hair
    oval(middle, 1, 1, person.skin)
    for eye in (-0.42, 0.42):
        oval(at(eye, -0.18), 0.2, open_eye, (235, 235, 235))
        oval(at(eye, -0.18), 0.08, min(open_eye, 0.06), (40, 30, 30))
        cv2.line(image, at(eye - 0.22, brow), at(eye + 0.22, brow), (50, 40, 40), max(height // 25, 1))
        oval(at(eye / 4, 0.2), 0.06, 0.03, shade(0.5))  # nostril
    cv2.line(image, at(0, -0.1), at(-0.08, 0.17), shade(0.7), max(height // 33, 1))  # nose
    smile = 0.16 * np.clip(mood.valence, -2, 2)
    mouth = [at(0.38 * place, 0.5 + smile * (1 - place * place)) for place in np.linspace(-1, 1, 21)]
    cv2.polylines(image, [np.array(mouth, np.int32)], False, (60, 50, 140), max(height // 14, 1))
    soft = cv2.GaussianBlur(image, (0, 0), side * 0.006)
    return np.asarray(cv2.resize(soft, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def _hum(person: Person, mood: Mood, seconds: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Harmonics (N,) whose pitch and beat rise with arousal, and whose overtones rise with valence."""
    times = np.arange(round(seconds * SOUND_RATE)) / SOUND_RATE
    pitch = person.pitch_hz * (1 + 0.1 * mood.arousal)
    tilt = 1.5 - 0.3 * np.clip(mood.valence, -2, 2)
    orders = np.arange(1, 9)[:, None]
    hum = (np.sin(2 * np.pi * pitch * orders * times) / orders**tilt).sum(axis=0)
    beat = 1 + 0.5 * np.sin(2 * np.pi * (2 + np.clip(mood.arousal, -1, 2)) * times)
    return np.asarray(0.1 * (hum * beat + 0.3 * rng.standard_normal(len(times))), np.float32)
