"""When somebody speaks in a recording, by frames of 32 ms, and how loud."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import torch

from inference.model_spec import VoiceDetection
from inference.models import voice_detector
from inference.models.voice_detector import DetectorState, load_detector
from inference.speech import is_loud, voice_powers, whole_frames

SAMPLE_RATE = voice_detector.SAMPLE_RATE
_FRAME_SAMPLES = voice_detector.FRAME_SAMPLES
FRAMES_A_SECOND = SAMPLE_RATE / _FRAME_SAMPLES
_THRESHOLD = 0.5  # of the probability of speech, as silero-vad uses it

Detector = Callable[[np.ndarray], np.ndarray]
"""Sound at 16 kHz (frames * 512,) float32, one piece of a recording after another, to frames with a voice (frames,)."""


@dataclass(frozen=True)
class VoiceActivity:
    """`voiced` (frames,) bool, and the mean level of the voiced frames, dB of full scale; None without any."""

    voiced: np.ndarray
    level_db: float | None

    def ratio(self, start_s: float, seconds: float) -> float:
        """Return the share, 0..1, of a window with a voice; there is none behind the end of the recording."""
        first, last = round(start_s * FRAMES_A_SECOND), round((start_s + seconds) * FRAMES_A_SECOND)
        return float(self.voiced[first:last].sum()) / max(1, last - first)


class SileroDetector:
    """A frame has a voice where silero-vad finds speech; music, noise and hum are none."""

    def __init__(self) -> None:
        self._network = load_detector()
        self._state = DetectorState.initial()

    @torch.inference_mode()
    def __call__(self, sound: np.ndarray) -> np.ndarray:
        """Find the frames of the next piece that have a voice."""
        probabilities, self._state = self._network(torch.from_numpy(sound), self._state)
        voiced: np.ndarray = (probabilities >= _THRESHOLD).numpy()
        return voiced


def detect_loud(sound: np.ndarray) -> np.ndarray:
    """A frame has a voice where its level between 100 and 4000 Hz is above -55 dB of full scale."""
    return is_loud(voice_powers(sound, SAMPLE_RATE))


_DETECTORS: dict[VoiceDetection, Callable[[], Detector]] = {"silero": SileroDetector, "level": lambda: detect_loud}


def measure_voice(chunks: Iterable[np.ndarray], detection: VoiceDetection) -> VoiceActivity:
    """Find the voice in a stream of mono sound at 16 kHz."""
    detect, voiced, total = _DETECTORS[detection](), [np.zeros(0, dtype=bool)], 0.0
    for piece in whole_frames(chunks, SAMPLE_RATE):
        sound = np.pad(piece, (0, -len(piece) % _FRAME_SAMPLES))
        voiced.append(detect(sound))
        total += float(voice_powers(sound, SAMPLE_RATE)[voiced[-1]].sum())
    frames = np.concatenate(voiced)
    level_db = 10 * float(np.log10(total / frames.sum() + 1e-12)) if frames.any() else None
    return VoiceActivity(frames, level_db)
