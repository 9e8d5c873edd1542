"""Predictions of a system of the zoo that reads pictures and sound, window by window."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
from torch import Tensor

from inference import front_ends, store
from inference.face_tracking import to_display_face
from inference.front_ends.signals import Images, Signals, Sound
from inference.media.decode import audio_rate, decode_audio, measure_mixdown
from inference.model_spec import SystemSpec
from inference.models.zoo.system import System
from inference.speech import cut_windows
from inference.types import Face, Faces, Inputs, Limits, MediaInfo, Modality, Source, Window
from inference.video_images import STEP_S, FaceTrack, face_track, search_face, search_times
from inference.voice_activity import SAMPLE_RATE, VoiceActivity, measure_voice
from inference.window_images import requested_times, window_images

VISUAL = ("faces", "frames")
AUDIO = "audio"
_BATCH = 4  # windows in a forward pass


@dataclass(frozen=True)
class TrackedFace:
    """The `track` of the face, the times (N,) at which it was searched, and its boxes as displayed."""

    track: FaceTrack
    searched_s: np.ndarray
    faces: Faces

    def share(self, start_s: float, end_s: float) -> float:
        """Return the share, 0..1, of the searched moments from `start_s` to before `end_s` that have a face."""
        first, last = np.searchsorted(self.searched_s, (start_s, end_s))
        return len(self.track.within(start_s, end_s).times_s) / max(1, int(last - first))


@dataclass(frozen=True)
class _RecordedWindow:
    """What was recorded in a window, and its shares of a face and a voice; `sound` is None without a voice."""

    start_s: float
    images: Images
    sound: Sound | None
    face: float
    voice: float


class SystemPredictor:
    """A system with what its specification assumes of the input."""

    def __init__(self, network: System, spec: SystemSpec, device: str = "cpu") -> None:
        self.network = network.eval().to(device)
        self.spec = spec
        self.device = device
        self.front_ends = {name: front_ends.build(each.kind, **each.settings) for name, each in spec.inputs.items()}
        self.window_s = spec.window.seconds
        self.hop_s = spec.window.hop_s
        self.evidence = spec.evidence

    @classmethod
    def load(cls, model: store.StoredModel, device: str = "cpu") -> "SystemPredictor":
        """Load a model of the store. Raises StoreError."""
        network = store.load_model(model)
        if not (isinstance(network, System) and isinstance(model.spec, SystemSpec)):
            raise store.StoreError(f"{model} is not a system of pictures and sound")
        try:
            return cls(network, model.spec, device)
        except front_ends.FrontEndError as error:
            raise store.StoreError(f"{model} cannot be opened: {error}") from error

    def window_starts(self, duration_s: float) -> list[float]:
        """Return the start of each window, seconds: one every hop, and one that ends with the recording."""
        last = max(0.0, duration_s - self.window_s)
        return sorted({*(np.arange(0.0, last, self.hop_s).tolist()), last})

    def track_faces(self, inputs: Inputs, media: MediaInfo, on_progress: Callable[[float], None]) -> TrackedFace:
        """Search the video for its largest face every STEP_S."""
        times = search_times(media.duration_s)
        boxes, shown = [], list[Face]()
        for number, (frame, box) in enumerate(search_face(inputs.video, times, _max_pixels(media))):
            boxes.append(box)
            if box is not None:
                shown.append(to_display_face(box, frame, media, float(times[number])))
            on_progress((number + 1) / len(times))
        return TrackedFace(face_track(times, boxes), times, Faces(STEP_S, tuple(shown)))

    @torch.inference_mode()
    def predict(self, inputs: Inputs, media: MediaInfo, face: TrackedFace, starts: Sequence[float]) -> Iterator[Window]:
        """Yield the prediction of each window, in the order of the rising `starts` (seconds).

        Zeros stand for the faces of a window without any, and for the sound of one without a voice.
        """
        recorded = self._recorded(inputs, media, face, starts)
        while windows := list(islice(recorded, _BATCH)):
            computed = [self._inputs(window) for window in windows]
            given = {name: torch.stack([one[name] for one in computed]) for name in self.network.inputs}
            logits, probabilities = self._probabilities(given)
            unimodal = self._unimodal(given, windows)
            for row, window in enumerate(windows):
                yield Window(
                    start_s=window.start_s,
                    end_s=min(window.start_s + self.window_s, media.duration_s),
                    source=Source.AUDIO_VIDEO,
                    logits=tuple(logits[row].tolist()),
                    probabilities=tuple(probabilities[row].tolist()),
                    face=window.face,
                    voice=window.voice,
                    unimodal=unimodal[row],
                )

    def _recorded(
        self, inputs: Inputs, media: MediaInfo, face: TrackedFace, starts: Sequence[float]
    ) -> Iterator[_RecordedWindow]:
        visual = [front_end for name, front_end in self.front_ends.items() if name in VISUAL]
        requested = requested_times(visual, self.window_s)
        images = window_images(inputs.video, starts, self.window_s, requested, face.track, _max_pixels(media))
        sounds = self._sounds(inputs, media, starts)
        for start, pictures, (sound, voice) in zip(starts, images, sounds, strict=True):
            share = face.share(start, min(start + self.window_s, media.duration_s))
            yield _RecordedWindow(start, pictures, sound, share, voice)

    def _sounds(
        self, inputs: Inputs, media: MediaInfo, starts: Sequence[float]
    ) -> Iterator[tuple[Sound | None, float]]:
        """Yield the sound of each window and its voice activity ratio; None with hardly a voice."""
        source = inputs.audio or inputs.video
        if not (media.has_audio or inputs.audio is not None):
            yield from ((None, 0.0) for _ in starts)
            return
        mix, rate = measure_mixdown(source), audio_rate(source)
        activity: VoiceActivity = measure_voice(
            decode_audio(source, SAMPLE_RATE, media.duration_s, mix), self.spec.voice_detector
        )
        chunks = decode_audio(source, rate, media.duration_s, mix)
        for start, samples in zip(starts, cut_windows(chunks, starts, self.window_s, rate), strict=True):
            voice = activity.ratio(start, self.window_s)
            yield (Sound(samples, rate) if voice >= self.evidence.min_voice else None), voice

    def _inputs(self, window: _RecordedWindow) -> dict[str, Tensor]:
        """The inputs of one window, by name."""
        signals = Signals(self.window_s, images=window.images, sound=window.sound)
        lacking = {"faces": not window.face, AUDIO: window.sound is None}
        return {
            name: torch.zeros(shape)
            if lacking.get(name)
            else torch.from_numpy(self.front_ends[name].compute(signals, 0.0, self.window_s))
            for name, shape in self.network.inputs.items()
        }

    def _probabilities(self, given: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Logits and probabilities, (B, labels) each."""
        logits = self.network({name: values.to(self.device) for name, values in given.items()}).cpu()
        return logits, self.network.probabilities(logits / self.spec.temperature)

    def _unimodal(
        self, given: dict[str, Tensor], windows: Sequence[_RecordedWindow]
    ) -> list[dict[str, tuple[float, ...]]]:
        """Predict each window from its face and from its voice alone, where present; the other input is zeros."""
        unimodal: list[dict[str, tuple[float, ...]]] = [{} for _ in windows]
        faces = [row for row, window in enumerate(windows) if window.face >= self.evidence.min_face]
        voices = [row for row, window in enumerate(windows) if window.sound is not None]
        for modality, rows, others in ((Modality.FACE, faces, (AUDIO,)), (Modality.VOICE, voices, VISUAL)):
            if rows:
                alone = {n: torch.zeros_like(v[rows]) if n in others else v[rows] for n, v in given.items()}
                for row, probabilities in zip(rows, self._probabilities(alone)[1].tolist(), strict=True):
                    unimodal[row][modality] = tuple(probabilities)
        return unimodal


def _max_pixels(media: MediaInfo) -> float:
    """The most pixels of all frames; the probe saw the first frame, and frames of a track may grow."""
    return max(Limits.max_pixels, 1.1 * media.pixels)
