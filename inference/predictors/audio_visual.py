"""Reads faces and voice of a recording with the audio-video network, window by window."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from inference import speech, store
from inference.face_tracking import FaceTracker, to_display_face
from inference.media.decode import decode_audio, frames_at, measure_mixdown
from inference.models.audio_visual import AudioVisualNetwork
from inference.timeline.evidence import MIN_FACE, MIN_VOICE
from inference.types import Face, Faces, Inputs, Limits, MediaInfo, Modality, Source, Window

_BATCH = 32  # windows scored at once


def fastest_device() -> str:
    """The GPU where torch finds one."""
    return "cuda" if torch.cuda.is_available() else "cpu"


@dataclass(frozen=True)
class FaceTrack:
    """The recording's faces on its sampling grid: `features` (samples, F), `seen` (samples,) bool, and where."""

    features: Tensor
    seen: np.ndarray
    faces: Faces


class AudioVisualPredictor:
    """The audio-video network together with what its specification says of its input."""

    def __init__(self, network: AudioVisualNetwork, spec: dict[str, Any], device: str = "cpu") -> None:
        self.device = device
        self.network = network.eval().to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.labels: tuple[str, ...] = tuple(spec["labels"])
        self.face: dict[str, Any] = spec["face"]
        self.speech: dict[str, Any] = spec["speech"]
        self.temperature: float = spec["temperature"]
        self.temperature_alone: dict[str, float] = spec.get("temperature_alone", {})
        self.seconds: float = spec["window"]["seconds"]
        self.samples: int = self.face["samples"]
        self.step_s = self.seconds / self.samples
        self.hop = round(spec["window"]["hop_s"] / self.step_s)

    @classmethod
    def open(cls, spec: store.ModelSpec, device: str = "cpu") -> "AudioVisualPredictor":
        """The reader for a model of the store. Raises StoreError."""
        network = store.load_model(spec)
        assert isinstance(network, AudioVisualNetwork)
        try:
            return cls(network, spec.data, device)
        except (LookupError, TypeError, ValueError) as error:
            raise store.StoreError(f"{spec.name}@{spec.version} does not say what it reads: {error!r}") from error

    def divisor(self, *, face: bool, voice: bool) -> float:
        """The temperature of what was read from these: one alone may have another than both together."""
        if face == voice:
            return self.temperature
        return self.temperature_alone.get("face" if face else "voice", self.temperature)

    @property
    def hop_s(self) -> float:
        return self.hop * self.step_s

    def grid(self, duration_s: float) -> np.ndarray:
        """Times of the face samples: the middles of steps of 0.24 s, at least one."""
        return (np.arange(max(1, int(duration_s / self.step_s + 1e-6))) + 0.5) * self.step_s

    def starts(self, samples: int) -> list[int]:
        """First sample of each window: every hop, and one that ends with the recording."""
        last = max(0, samples - self.samples)
        return sorted({*range(0, last + 1, self.hop), last})

    @torch.inference_mode()
    def track(self, inputs: Inputs, media: MediaInfo, on_progress: Callable[[float], None]) -> FaceTrack:
        """Find and read the face at each grid time, in one pass over the video."""
        times = self.grid(media.duration_s)
        read = FaceTracker(self.face)
        features, seen = [], np.zeros(len(times), dtype=bool)
        pending: list[np.ndarray] = []
        found: list[Face] = []
        # Of a track whose frames grow, the first one does not tell what it costs.
        most_pixels = max(Limits.max_pixels, 1.1 * media.pixels)
        for number, frame in enumerate(frames_at(inputs.video, times.tolist(), self.face["frame_side"], most_pixels)):
            sample = read(frame)
            seen[number] = sample.crop is not None
            pending.append(np.zeros(self._crop_shape, dtype=np.uint8) if sample.crop is None else sample.crop)
            if sample.box is not None:
                found.append(to_display_face(sample.box, frame, media, float(times[number])))
            if len(pending) == self.samples or number + 1 == len(times):
                faces = self.as_faces(np.stack(pending)).to(self.device)
                features.append(self.network.face_features(faces).cpu())
                pending.clear()
                on_progress((number + 1) / len(times))
        return FaceTrack(torch.cat(features), seen, Faces(self.step_s, tuple(found)))

    @property
    def _crop_shape(self) -> tuple[int, ...]:
        side = self.face["native_size"]
        return (side, side) if self.face["grey"] else (side, side, 3)

    def as_faces(self, crops: np.ndarray) -> Tensor:
        """Crops (N, S, S) grey or (N, S, S, 3) BGR, uint8 -> network input (N, 3, size, size), 0..1."""
        faces = torch.from_numpy(crops).float() / 255
        faces = faces.unsqueeze(1) if self.face["grey"] else faces.permute(0, 3, 1, 2)
        size = self.face["size"]
        faces = functional.interpolate(faces, size=(size, size), mode="bilinear", align_corners=False)
        return faces.expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)

    @torch.inference_mode()
    def score(self, inputs: Inputs, media: MediaInfo, track: FaceTrack, starts: Sequence[int]) -> Iterator[Window]:
        """Score the windows that begin at these samples (rising). Yields them in order.

        A sample without a face takes the nearest one in its window that has one; a window
        without any is read from the voice alone, and one without voice from the faces alone.
        """
        blank = torch.zeros(1, 3, self.face["size"], self.face["size"], device=self.device)
        nothing = self.network.face_features(blank).cpu()
        rate = self.speech["sample_rate"]
        has_sound = media.has_audio or inputs.audio is not None
        source = inputs.audio or inputs.video
        mix = measure_mixdown(source) if has_sound else None
        levelled = has_sound and "level_db" in self.speech
        gain = speech.level_gain(decode_audio(source, rate, media.duration_s, mix), self.speech) if levelled else 1.0
        chunks = decode_audio(source, rate, media.duration_s, mix) if has_sound else ()
        sounds = speech.cut_windows(chunks, [start * self.step_s for start in starts], self.seconds, rate)
        for batch in _batches(list(starts)):
            heard = [next(sounds) for _ in batch]
            voices = [speech.voice_activity_ratio(window, rate) for window in heard]
            mfcc = np.stack([speech.mfcc(gain * window, self.speech) for window in heard])
            mfcc[np.array(voices) < MIN_VOICE] = 0.0
            faces, shares = zip(*(self._window_faces(track, start, nothing) for start in batch), strict=True)
            heard_mfcc, seen_faces = torch.from_numpy(mfcc), torch.stack(faces)
            logits = self._fuse(heard_mfcc, seen_faces)
            unimodal = self._unimodal(heard_mfcc, seen_faces, nothing, shares, voices)
            given = zip(shares, voices, strict=True)
            divisors = [self.divisor(face=face > 0, voice=voice >= MIN_VOICE) for face, voice in given]
            probabilities = (logits / torch.tensor(divisors).unsqueeze(1)).softmax(dim=1)
            for row, start in enumerate(batch):
                yield Window(
                    start_s=start * self.step_s,
                    end_s=min(start * self.step_s + self.seconds, media.duration_s),
                    source=Source.AUDIO_VIDEO,
                    logits=tuple(logits[row].tolist()),
                    probabilities=tuple(probabilities[row].tolist()),
                    face=shares[row],
                    voice=voices[row],
                    unimodal=unimodal[row],
                )

    def _fuse(self, mfcc: Tensor, faces: Tensor) -> Tensor:
        return self.network.fuse(mfcc.to(self.device), faces.to(self.device)).cpu()

    def _unimodal(
        self, mfcc: Tensor, faces: Tensor, nothing: Tensor, shares: Sequence[float], voices: Sequence[float]
    ) -> list[dict[str, tuple[float, ...]]]:
        """For each window of a batch the probabilities given its face alone and its voice alone, if they are there.

        The other one is left out as it is where a recording lacks it: an MFCC of zeros, features of `nothing`.
        `mfcc` is (N, C, T), `faces` (N, samples, F), `shares` and `voices` are (N,).
        """
        found: list[dict[str, tuple[float, ...]]] = [{} for _ in shares]
        face_rows = [row for row, share in enumerate(shares) if share >= MIN_FACE]
        voice_rows = [row for row, voice in enumerate(voices) if voice >= MIN_VOICE]
        for modality, rows in ((Modality.FACE, face_rows), (Modality.VOICE, voice_rows)):
            if not rows:
                continue
            face = modality is Modality.FACE
            sound = torch.zeros_like(mfcc[rows]) if face else mfcc[rows]
            logits = self._fuse(sound, faces[rows] if face else nothing.expand_as(faces[rows]))
            probabilities = (logits / self.divisor(face=face, voice=not face)).softmax(dim=1)
            for row, given in zip(rows, probabilities.tolist(), strict=True):
                found[row][modality] = tuple(given)
        return found

    def _window_faces(self, track: FaceTrack, start: int, nothing: Tensor) -> tuple[Tensor, float]:
        last = len(track.seen) - 1
        wanted = np.minimum(np.arange(start, start + self.samples), last)
        seen = np.flatnonzero(track.seen[start : start + self.samples]) + start
        if not len(seen):
            return nothing.expand(self.samples, -1), 0.0
        nearest = seen[np.abs(wanted[:, None] - seen[None, :]).argmin(axis=1)]
        return track.features[torch.from_numpy(nearest)], len(seen) / min(self.samples, last + 1 - start)


def _batches(starts: list[int]) -> Iterator[list[int]]:
    for first in range(0, len(starts), _BATCH):
        yield starts[first : first + _BATCH]
