"""What each stage of an analysis costs in CPU seconds, as a ratio to decoding every frame of the same file."""

import inspect
import resource
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeVar

import av
import numpy as np
import torch

from inference import store
from inference.face_tracking import FaceTracker
from inference.media.decode import decode_audio, frames_at, measure_mixdown
from inference.predictors.audio_visual import AudioVisualPredictor
from inference.voice_activity import SAMPLE_RATE

DECODING = "decode every frame"
TOTAL = "all stages of a timeline"
_BATCH = 8  # windows
Result = TypeVar("Result")


class Stage(NamedTuple):
    """A stage's name, its CPU seconds and their ratio to those of decoding every frame."""

    name: str
    cpu_s: float
    ratio: float


def decode(path: Path) -> None:
    """Decode every frame and keep none."""
    with av.open(str(path)) as container:
        container.streams.video[0].thread_type = "AUTO"
        for _ in container.decode(video=0):
            pass


@torch.inference_mode()
def measure_stages(path: Path, seconds: float) -> list[Stage]:
    """Run the stages one after the other in this process, without the sandbox, with one thread of torch.

    The frames that are sampled are held between two stages: a clip of `seconds` should not be longer than a minute.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    predictor = AudioVisualPredictor.load(store.resolve(None, with_eeg=False))
    network, times = predictor.network, predictor.sample_times(seconds)
    found: dict[str, float] = {}

    def timed(name: str, work: Callable[[], Result]) -> Result:
        started = _cpu_s()
        result = work()
        found[name] = _cpu_s() - started
        return result

    tracker = FaceTracker(predictor.face)
    timed(DECODING, lambda: decode(path))
    sampled = inspect.unwrap(frames_at)
    frames = timed("decode what is sampled", lambda: list(sampled(path, times.tolist(), predictor.face.frame_side)))
    samples = timed("find and crop faces", lambda: [tracker(frame) for frame in frames])
    side = predictor.face.native_size
    crops = np.stack([np.zeros((side, side), np.uint8) if each.crop is None else each.crop for each in samples])
    size = predictor.window_samples
    features = timed(
        "image backbone",
        lambda: torch.cat(
            [
                network.face_features(predictor.face_tensor(crops[start : start + size]))
                for start in range(0, len(crops), size)
            ]
        ),
    )
    mixdown, audio = inspect.unwrap(measure_mixdown), inspect.unwrap(decode_audio)
    mix = timed("decode sound, first pass", lambda: mixdown(path))
    # Once for the voice, once for the encoder.
    sound, _ = timed(
        "decode sound, twice more", lambda: [list(audio(path, SAMPLE_RATE, seconds, mix)) for _ in range(2)]
    )
    voice = timed("find the voice", lambda: predictor.speech_windows.measure(lambda rate: sound))
    starts = [start for start in predictor.window_starts(len(times)) if start + size <= len(times)]
    begins = [start * predictor.step_s for start in starts]
    heard = timed("speech encoder", lambda: list(predictor.speech_windows(lambda rate: sound, begins, voice)))
    speech = torch.from_numpy(np.stack([window.features for window in heard]))
    faces = torch.stack([features[start : start + size] for start in starts])

    def classify() -> None:
        for first in range(0, len(starts), _BATCH):
            rows = slice(first, first + _BATCH)
            network.fuse(speech[rows], faces[rows])
            network.classify_face(faces[rows], torch.zeros_like(speech[:1]))
            network.classify_voice(speech[rows], torch.zeros_like(features[:1]))

    timed("fusion, and either modality alone", classify)
    torch.set_num_threads(threads)
    found[TOTAL] = sum(cpu_s for name, cpu_s in found.items() if name != DECODING)
    return [Stage(name, cpu_s, cpu_s / found[DECODING]) for name, cpu_s in found.items()]


def _cpu_s() -> float:
    """User and system time of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
