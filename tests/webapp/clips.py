"""Small recordings, made on the spot."""

import io
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import scipy.io
import soundfile

SIDE = 64
SOUND_RATE = 16_000


def video(
    seconds: float = 1.0, *, fps: int = 5, sound: bool = True, picture: bool = True, keyframe_s: float = 50.0
) -> bytes:
    """An MP4 of coloured noise, with a keyframe every `keyframe_s`."""
    out = io.BytesIO()
    noise = np.random.default_rng(7)
    with av.open(out, "w", format="mp4") as container:
        # The header wants to know all tracks: everything is encoded before anything is written.
        packets = []
        if picture:
            options = {"g": str(round(keyframe_s * fps)), "sc_threshold": "0"}
            stream = container.add_stream("libx264", rate=fps, options=options)
            stream.width, stream.height, stream.pix_fmt = SIDE, SIDE, "yuv420p"
            for _ in range(round(seconds * fps)):
                frame = av.VideoFrame.from_ndarray(noise.integers(0, 255, (SIDE, SIDE, 3), dtype=np.uint8))
                packets += stream.encode(frame)
            packets += stream.encode()
        if sound:
            track = container.add_stream("aac", rate=SOUND_RATE, layout="mono")
            samples = noise.uniform(-0.1, 0.1, (1, round(seconds * SOUND_RATE))).astype(np.float32)
            heard = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
            heard.sample_rate, heard.time_base = SOUND_RATE, Fraction(1, SOUND_RATE)
            packets += [*track.encode(heard), *track.encode()]
        for packet in packets:
            container.mux(packet)
    return out.getvalue()


def no_frames() -> bytes:
    """An MP4 with a picture track and nothing on it."""
    out = io.BytesIO()
    with av.open(out, "w", format="mp4", options={"movflags": "empty_moov+frag_keyframe"}) as container:
        stream = container.add_stream("libx264", rate=5)
        stream.width, stream.height, stream.pix_fmt = SIDE, SIDE, "yuv420p"
        container.start_encoding()
    return out.getvalue()


def picture(suffix: str = ".png", *, side: int = SIDE) -> bytes:
    """A picture of coloured noise."""
    noise = np.random.default_rng(7).integers(0, 255, (side, side, 3), dtype=np.uint8)
    return bytes(cv2.imencode(suffix, noise)[1])


def wav(seconds: float = 1.0) -> bytes:
    out = io.BytesIO()
    samples = np.random.default_rng(7).uniform(-0.1, 0.1, round(seconds * SOUND_RATE))
    soundfile.write(out, samples, SOUND_RATE, format="WAV")
    return out.getvalue()


def mat(**arrays: Any) -> bytes:
    out = io.BytesIO()
    scipy.io.savemat(out, arrays)
    return out.getvalue()


def eeg(seconds: float = 20.0, *, channels: int = 30, rate: int = 100) -> np.ndarray:
    """Noise like a plain recording: (channels, time), microvolt."""
    return np.random.default_rng(7).normal(0, 10, (channels, round(seconds * rate)))


def everything_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
