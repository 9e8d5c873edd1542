"""Predictions from faces and voice: the audio-visual network, window by window."""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from inference import store
from inference.confidence import novelty, support_temperature
from inference.face_tracking import FaceTracker, run_up, to_display_face
from inference.media.decode import decode_audio, frames_at, measure_mixdown
from inference.media.mixdown import Mixdown
from inference.model_spec import AudioVisualSpec, SpeechInput
from inference.models.audio_branches import AudioFeatures
from inference.models.audio_visual import AudioVisualNetwork
from inference.models.batch_norm_folding import fold_batch_norms
from inference.predictors.face_track import FaceTrack
from inference.predictors.running_track import RunningFaceTrack
from inference.sound_survey import SoundSurvey
from inference.speech_input import Sound, SpeechWindow, speech_windows
from inference.types import Face, Faces, FaceView, Inputs, Limits, MediaInfo, Modality, Source, Window

_BATCH = 8  # windows in a forward pass


def fastest_device() -> str:
    """Return `cuda` where torch finds a GPU, else `cpu`."""
    return "cuda" if torch.cuda.is_available() else "cpu"


class _Recorded(NamedTuple):
    """How well the face and the voice of a window were recorded, as `support_temperature` reads it."""

    face_px: float | None
    voice_novelty: float | None


class AudioVisualPredictor:
    """The audio-visual network with what its specification assumes of the input."""

    def __init__(self, network: AudioVisualNetwork, spec: AudioVisualSpec, device: str = "cpu") -> None:
        self.device = device
        self.network = network.eval().to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.labels = spec.labels
        self.face = spec.face
        self.spec = spec
        self.speech_windows = speech_windows(self.network, spec, device)
        self.temperature = spec.temperature
        self.unimodal_temperatures = spec.unimodal_temperatures
        self.support = spec.support
        self.evidence = spec.support.evidence
        self.window_s = spec.window.seconds
        self.window_samples = spec.face.samples
        self.step_s = spec.step_s
        self.hop, self.hop_s = spec.hop, spec.hop_s

    @classmethod
    def load(cls, model: store.StoredModel, device: str = "cpu") -> "AudioVisualPredictor":
        """Load a model of the store. Raises StoreError."""
        network = store.load_model(model)
        if not (isinstance(network, AudioVisualNetwork) and isinstance(model.spec, AudioVisualSpec)):
            raise store.StoreError(f"{model} is not an audio-visual model")
        fold_batch_norms(network.eval())
        return cls(network, model.spec, device)

    def temperature_for(
        self, *, face: bool, voice: bool, face_px: float | None = None, voice_novelty: float | None = None
    ) -> float:
        """Return the temperature for a window with these modalities, recorded as `support_temperature` says."""
        factor = support_temperature(self.support, face_px if face else None, voice_novelty if voice else None)
        if face == voice:
            return factor * self.temperature
        return factor * self.unimodal_temperatures.get("face" if face else "voice", self.temperature)

    @property
    def speech(self) -> SpeechInput:
        """How MFCC are computed. Raises ValueError for a model that reads a speech encoder."""
        if self.spec.speech is None:
            raise ValueError(f"{self.spec.name}@{self.spec.version} reads no MFCC")
        return self.spec.speech

    def sample_times(self, duration_s: float) -> np.ndarray:
        """Return the times of the face samples (s): the middles of steps of `step_s`, at least one."""
        return (np.arange(max(1, int(duration_s / self.step_s + 1e-6))) + 0.5) * self.step_s

    def window_starts(self, samples: int) -> list[int]:
        """Return the first sample of each window: one every hop, and one that ends with the recording."""
        last = max(0, samples - self.window_samples)
        return sorted({*range(0, last + 1, self.hop), last})

    def track_faces(self, inputs: Inputs, media: MediaInfo, on_progress: Callable[[float], None]) -> FaceTrack:
        """Find the face at each sample time and compute its features, in one pass over the video."""
        with self.tracking_faces(inputs, media, on_progress) as track:
            track.wait_for(len(track.detected))
        return FaceTrack(track.features, track.detected, track.faces, track.quality)

    def tracking_faces(
        self,
        inputs: Inputs,
        media: MediaInfo,
        on_progress: Callable[[float], None],
        windows: Sequence[int] | None = None,
    ) -> RunningFaceTrack:
        """Return a face track whose samples can be used in its `with` block as soon as they are there.

        Of a recording that is read in spans, those of the `windows` are there, which start at these samples.
        """
        times = self.sample_times(media.duration_s)
        part = range(len(times))
        if windows is not None:
            part = range(windows[0], min(windows[-1] + self.window_samples, len(times)))
        features = self.network.video.backbone.features
        return RunningFaceTrack(
            len(times),
            features,
            self.step_s,
            lambda track: self._fill(track, times, part, inputs, media),
            on_progress,
            part,
        )

    @torch.inference_mode()
    def _fill(
        self, track: FaceTrack, times: np.ndarray, part: range, inputs: Inputs, media: MediaInfo
    ) -> Iterator[int]:
        """Write the samples in `part`, a window's at a time; yield behind which sample they end so far.

        The tracker begins before them, where its run-up requires that.
        """
        assert track.quality is not None
        tracker = FaceTracker(self.face)
        pending: list[np.ndarray] = []
        boxes: list[Face] = []
        views: list[FaceView] = []
        # The probe saw the first frame; frames of a track may grow.
        max_pixels = max(Limits.max_pixels, 1.1 * media.pixels)
        tracked = range(run_up(part.start), part.stop)
        wanted = times[tracked.start : tracked.stop].tolist()
        frames = frames_at(inputs.video, wanted, self.face.frame_side, max_pixels)
        for number, frame in zip(tracked, frames, strict=True):
            sample = tracker(frame)
            if number < part.start:
                continue
            track.detected[number] = sample.crop is not None
            track.quality[number] = sample.quality
            pending.append(np.zeros(self._crop_shape, dtype=np.uint8) if sample.crop is None else sample.crop)
            if sample.box is not None and sample.view is not None:
                boxes.append(to_display_face(sample.box, frame, media, float(times[number])))
                views.append(sample.view)
            if len(pending) == self.window_samples or number + 1 == part.stop:
                faces = self.face_tensor(np.stack(pending)).to(self.device)
                track.features[number + 1 - len(pending) : number + 1] = self.network.face_features(faces).cpu()
                pending.clear()
                track.faces = Faces(self.step_s, tuple(boxes), tuple(views))
                yield number + 1

    @property
    def _crop_shape(self) -> tuple[int, ...]:
        side = self.face.native_size
        return (side, side) if self.face.grey else (side, side, 3)

    def face_tensor(self, crops: np.ndarray | Tensor) -> Tensor:
        """Convert crops (N, S, S) grey or (N, S, S, 3) BGR, uint8, to network input (N, 3, size, size), 0..1."""
        faces = torch.as_tensor(crops).float() / 255
        faces = faces.unsqueeze(1) if self.face.grey else faces.permute(0, 3, 1, 2)
        size = self.face.size
        faces = functional.interpolate(faces, size=(size, size), mode="bilinear", align_corners=False)
        return faces.expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)

    @torch.inference_mode()
    def predict(
        self,
        inputs: Inputs,
        media: MediaInfo,
        track: FaceTrack,
        starts: Sequence[int],
        survey: SoundSurvey | None = None,
    ) -> Iterator[Window]:
        """Yield the prediction of each window, in the order of the rising `starts` (samples).

        `survey` is `survey_sound(inputs, media)` where that is known.

        A sample without a face takes the features of the nearest one in its window that has a face. A window without
        any face is predicted from the voice alone, one without voice from the faces alone.
        """
        blank = torch.zeros(1, 3, self.face.size, self.face.size, device=self.device)
        no_face = self.network.face_features(blank).cpu()
        spoken = self._listen(inputs, media, starts, survey)
        for first in range(0, len(starts), _BATCH):
            batch = starts[first : first + _BATCH]
            speech, voices = zip(*islice(spoken, len(batch)), strict=True)
            track.wait_for(batch[-1] + self.window_samples)
            faces, shares = zip(*(self._window_faces(track, start, no_face) for start in batch), strict=True)
            speech_batch = torch.from_numpy(np.stack(speech)).to(self.device)
            face_batch = torch.stack(faces).to(self.device)
            heard, seen = torch.tensor(voices) >= self.evidence.min_voice, torch.tensor(shares) > 0
            speech_batch[~heard] = 0.0
            audio = self.network.audio.features(speech_batch)
            alone = self._unimodal_logits(speech_batch, face_batch, heard, seen, no_face)
            logits = self.network.fuse_features(audio, face_batch).cpu()
            for modality, only in ((Modality.FACE, seen & ~heard), (Modality.VOICE, heard & ~seen)):
                logits[only] = alone[modality][only]
            qualities = [track.mean_quality(start, self.window_samples) for start in batch]
            recorded = [
                _Recorded(quality.size_px if quality else None, voice_novelty)
                for quality, voice_novelty in zip(qualities, self._voice_novelties(audio, voices), strict=True)
            ]
            unimodal = self._unimodal(alone, shares, voices, recorded)
            temperatures = [
                self.temperature_for(face=face > 0, voice=voice >= self.evidence.min_voice, **one._asdict())
                for face, voice, one in zip(shares, voices, recorded, strict=True)
            ]
            probabilities = (logits / torch.tensor(temperatures).unsqueeze(1)).softmax(dim=1)
            for row, start in enumerate(batch):
                yield Window(
                    start_s=start * self.step_s,
                    end_s=min(start * self.step_s + self.window_s, media.duration_s),
                    source=Source.AUDIO_VIDEO,
                    logits=tuple(logits[row].tolist()),
                    probabilities=tuple(probabilities[row].tolist()),
                    face=shares[row],
                    voice=voices[row],
                    unimodal=unimodal[row],
                    voice_novelty=recorded[row].voice_novelty,
                )

    def survey_sound(self, inputs: Inputs, media: MediaInfo) -> SoundSurvey:
        """Find out what every window needs to know of the whole sound."""
        mix = measure_mixdown(_sound_file(inputs)) if media.has_audio or inputs.audio is not None else None
        sound = _sound(inputs, media, mix)
        voice = self.speech_windows.measure(sound)
        return SoundSurvey(mix, voice, self.speech_windows.measure_norm(sound, voice))

    def _listen(
        self, inputs: Inputs, media: MediaInfo, starts: Sequence[int], survey: SoundSurvey | None
    ) -> Iterator[SpeechWindow]:
        """Yield the speech of each window that starts at one of `starts` (samples)."""
        mix, voice, norm = survey or self.survey_sound(inputs, media)
        times = [start * self.step_s for start in starts]
        for window in self.speech_windows(_sound(inputs, media, mix), times, voice):
            yield window._replace(features=norm(window.features)) if norm else window

    def _unimodal_logits(
        self, speech: Tensor, faces: Tensor, heard: Tensor, seen: Tensor, no_face: Tensor
    ) -> dict[Modality, Tensor]:
        """Classify faces and voices of a batch each for itself, where they are `seen` or `heard` (N,).

        `faces` are (N, samples, F); the logits (N, classes) are on the processor, and 0 elsewhere.
        """
        logits = {modality: torch.zeros(len(speech), len(self.labels)) for modality in (Modality.FACE, Modality.VOICE)}
        if seen.any():
            silence = torch.zeros_like(speech[:1])
            logits[Modality.FACE][seen] = self.network.classify_face(faces[seen], silence).cpu()
        if heard.any():
            logits[Modality.VOICE][heard] = self.network.classify_voice(speech[heard], no_face.to(self.device)).cpu()
        return logits

    def _unimodal(
        self,
        logits: dict[Modality, Tensor],
        shares: Sequence[float],
        voices: Sequence[float],
        recorded: Sequence["_Recorded"],
    ) -> list[dict[str, tuple[float, ...]]]:
        """Return the probabilities of each window of a batch by its face alone and by its voice alone.

        They are there where a window has enough of the modality. `shares`, `voices` and `recorded` are (N,).
        """
        unimodal: list[dict[str, tuple[float, ...]]] = []
        for row, (share, voice, one) in enumerate(zip(shares, voices, recorded, strict=True)):
            given = {
                Modality.FACE: share >= self.evidence.min_face and share > 0,
                Modality.VOICE: voice >= self.evidence.min_voice,
            }
            unimodal.append({})
            for modality in (modality for modality, present in given.items() if present):
                face = modality is Modality.FACE
                temperature = self.temperature_for(face=face, voice=not face, **one._asdict())
                unimodal[-1][modality] = tuple((logits[modality][row] / temperature).softmax(dim=0).tolist())
        return unimodal

    def _voice_novelties(self, audio: AudioFeatures, voices: Sequence[float]) -> list[float | None]:
        """Return how novel the voice of each window is; None without a voice, or without a reference."""
        if self.support.voice is None:
            return [None] * len(voices)
        novelties = novelty(self.support.voice, audio.stage1.mean(2).cpu())
        return [one if voice >= self.evidence.min_voice else None for one, voice in zip(novelties, voices, strict=True)]

    def _window_faces(self, track: FaceTrack, start: int, no_face: Tensor) -> tuple[Tensor, float]:
        """Return a window's features (samples, F) and its share of samples with a face."""
        last = len(track.detected) - 1
        wanted = np.minimum(np.arange(start, start + self.window_samples), last)
        detected = np.flatnonzero(track.detected[start : start + self.window_samples]) + start
        if not len(detected):
            return no_face.expand(self.window_samples, -1), 0.0
        nearest = detected[np.abs(wanted[:, None] - detected[None, :]).argmin(axis=1)]
        return track.features[torch.from_numpy(nearest)], len(detected) / min(self.window_samples, last + 1 - start)


def _sound_file(inputs: Inputs) -> Path:
    return inputs.audio or inputs.video


def _sound(inputs: Inputs, media: MediaInfo, mix: Mixdown | None) -> Sound:
    """Return the sound of a recording as `mix` mixes it; None is no sound."""
    return lambda rate: decode_audio(_sound_file(inputs), rate, media.duration_s, mix) if mix else iter(())
