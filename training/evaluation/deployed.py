"""Clips analysed as a recording is: sound from a file, faces as a track, windows and segments by `inference`."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch
from numpy.typing import NDArray
from torch import Tensor

from inference import pipeline, store
from inference.face_tracking import FaceQuality, measure_flatness, measure_sharpness
from inference.predictors.audio_visual import AudioVisualPredictor, fastest_device
from inference.predictors.face_track import FaceTrack
from inference.timeline.summary import summary
from inference.types import UNDETERMINED, Faces, Inputs, MediaInfo, Modality, Segment, Timeline, Window

_GAP_S = 0.4  # of silence behind a clip, where several are one recording


@dataclass(frozen=True)
class Sound:
    """Mono `samples` (n,) at `rate` Hz."""

    samples: NDArray[np.floating[Any]]
    rate: int

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return len(self.samples) / self.rate


@dataclass(frozen=True)
class Predictions:
    """What inference says of N clips.

    `predicted` (N,) are indices of labels, -1 for undetermined, with their `confidence` (N,). `probabilities`
    (N, classes) are means over a clip's segments, and so are `face` and `voice`, given one modality; they are 0 where
    a clip is undetermined or the modality is absent.
    """

    predicted: NDArray[np.int64]
    confidence: NDArray[np.float64]
    probabilities: NDArray[np.float64]
    face: NDArray[np.float64]
    voice: NDArray[np.float64]

    @classmethod
    def of(cls, timelines: Sequence[Timeline]) -> "Predictions":
        """The label, its confidence and the probabilities of each clip."""
        found = [clip_label(timeline) for timeline in timelines]
        return cls(
            np.array(
                [
                    -1 if label == UNDETERMINED else timeline.labels.index(label)
                    for timeline, (label, _) in zip(timelines, found, strict=True)
                ]
            ),
            np.array([confidence for _, confidence in found]),
            np.stack([_mean(timeline, _determined) for timeline in timelines]),
            np.stack([_mean(timeline, partial(_given, Modality.FACE)) for timeline in timelines]),
            np.stack([_mean(timeline, partial(_given, Modality.VOICE)) for timeline in timelines]),
        )


def _determined(segment: Segment) -> dict[str, float] | None:
    return None if segment.label == UNDETERMINED else segment.probabilities


def _given(modality: Modality, segment: Segment) -> dict[str, float] | None:
    return (segment.unimodal or {}).get(modality)


def _mean(timeline: Timeline, probabilities: Callable[[Segment], dict[str, float] | None]) -> NDArray[np.float64]:
    """The mean of `probabilities` over the segments that have them, by their length, (classes,); 0 without any."""
    total, seconds = np.zeros(len(timeline.labels)), 0.0
    for segment in timeline.segments:
        if found := probabilities(segment):
            length = segment.end_s - segment.start_s
            total += length * np.array([found[label] for label in timeline.labels])
            seconds += length
    return total / seconds if seconds else total


def clip_label(timeline: Timeline) -> tuple[str, float]:
    """The label with the largest share of the time, and its segments' mean confidence by their length."""
    label = str(summary(timeline)["label"])
    lengths, confidences = zip(
        *((one.end_s - one.start_s, one.confidence) for one in timeline.segments if one.label == label), strict=True
    )
    return label, float(np.average(confidences, weights=lengths))


class ClipAnalyser:
    """A model of the store that analyses clips made of sound and face crops.

    `face_px` is the size that the faces had in their pictures, by which a model may grade its support; None where it is
    not known.
    """

    def __init__(self, model: store.StoredModel, face_px: float | None = None) -> None:
        self.model, self.face_px = model, face_px
        self.predictor = AudioVisualPredictor.load(model, fastest_device())

    def samples(self, seconds: float) -> int:
        """The number of faces that are sampled from a clip of `seconds`."""
        return len(self.predictor.sample_times(seconds))

    def analyse(self, sound: Sound, crops: NDArray[np.uint8] | None = None) -> Timeline:
        """Analyse a clip.

        The sound is written to a WAV file and read as an uploaded one is. `crops` (samples, S, S) or
        (samples, S, S, 3), the face at each sample time, are what face tracking would have cut out; without them
        the clip shows no face.
        """
        with _written(sound) as inputs:
            media = _media(sound.seconds, has_audio=True)
            return pipeline.analyse_track(self.predictor, self.model, inputs, media, self._track(sound, crops))

    def analyse_joined(self, sounds: Sequence[Sound]) -> list[Window]:
        """Analyse clips of one rate one behind another as one recording: the window in the middle of each."""
        gap = np.zeros(round(_GAP_S * sounds[0].rate))
        together = Sound(np.concatenate([part for one in sounds for part in (one.samples, gap)]), sounds[0].rate)
        ends = np.cumsum([one.seconds + _GAP_S for one in sounds])
        middles = ends - _GAP_S - np.array([one.seconds / 2 for one in sounds])
        starts = np.maximum(0, np.round((middles - self.predictor.window_s / 2) / self.predictor.step_s).astype(int))
        distinct, number = np.unique(starts, return_inverse=True)
        windows = self.windows(together, None, distinct.tolist())
        return [windows[each] for each in number]

    def windows(self, sound: Sound, crops: NDArray[np.uint8] | None, starts: Sequence[int]) -> list[Window]:
        """Analyse the windows of a clip that begin at the rising `starts` (samples)."""
        with _written(sound) as inputs:
            media = _media(sound.seconds, has_audio=True)
            return list(self.predictor.predict(inputs, media, self._track(sound, crops), starts))

    def still_faces(self, crops: NDArray[np.uint8]) -> list[Window]:
        """Analyse faces (N, S, S), each as a window in which it neither moves nor speaks."""
        samples = self.predictor.window_samples
        features, quality = self._features(crops), self._quality(crops)
        track = FaceTrack(
            features.repeat_interleave(samples, dim=0),
            np.ones(len(crops) * samples, dtype=bool),
            Faces(self.predictor.step_s, ()),
            None if quality is None else quality.repeat(samples, axis=0),
        )
        media = _media(len(crops) * self.predictor.window_s, has_audio=False)
        starts = range(0, len(crops) * samples, samples)
        return list(self.predictor.predict(Inputs(Path()), media, track, starts))

    def _track(self, sound: Sound, crops: NDArray[np.uint8] | None) -> FaceTrack:
        samples, faces = self.samples(sound.seconds), Faces(self.predictor.step_s, ())
        if crops is None:
            return FaceTrack(torch.zeros(samples, 1), np.zeros(samples, dtype=bool), faces)
        return FaceTrack(self._features(crops), np.ones(samples, dtype=bool), faces, self._quality(crops))

    def _quality(self, crops: NDArray[np.uint8]) -> NDArray[np.float64] | None:
        if self.face_px is None:
            return None
        return np.array(
            [FaceQuality(1.0, self.face_px, measure_sharpness(crop), measure_flatness(crop)) for crop in crops]
        )

    @torch.inference_mode()
    def _features(self, crops: NDArray[np.uint8]) -> Tensor:
        faces = self.predictor.face_tensor(crops).to(self.predictor.device)
        features: Tensor = self.predictor.network.face_features(faces)
        return features.cpu()


def _media(seconds: float, *, has_audio: bool) -> MediaInfo:
    return MediaInfo(seconds, 0, 0, 0.0, has_video=False, has_audio=has_audio, sha256="")


@contextmanager
def _written(sound: Sound) -> Iterator[Inputs]:
    """The sound as a recording on disk; what exceeds full scale is made quieter."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.wav"
        soundfile.write(path, sound.samples / max(1.0, np.abs(sound.samples).max()), sound.rate)
        yield Inputs(path)
