"""The stages of an analysis, in order: probe, sample, score, timeline. Rendering follows apart."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain

import cv2
import librosa

from inference import eeg, store
from inference.errors import Code, InputError
from inference.predictors.audio_visual import AudioVisualPredictor, FaceTrack, fastest_device
from inference.predictors.trimodal import TrimodalPredictor, trial_window_starts
from inference.timeline.segmentation import segment_trials, segment_windows
from inference.types import (
    EegFacts,
    Inputs,
    Limits,
    MediaInfo,
    Mode,
    ModelUsed,
    OnProgress,
    Segment,
    Stage,
    Timeline,
    Window,
)
from inference.validation import check_inputs

logger = logging.getLogger(__name__)

NOTICE = (
    "An estimate of how a face and a voice look and sound to a network trained on acted and posed expressions. "
    "It does not say what a person feels, intends or is like, and it is no basis for a decision about anybody."
)


def _ignore_progress(stage: Stage, share: float) -> None:
    pass


def analyse(
    inputs: Inputs,
    *,
    model: str | None = None,
    limits: Limits | None = None,
    on_progress: OnProgress = _ignore_progress,
) -> Timeline:
    """Read one recording.

    `model` is NAME or NAME@VERSION; without it the store's default for what was recorded.
    Raises InputError for what cannot be read, and whatever `on_progress` raises.
    """
    on_progress(Stage.PROBE, 0.0)
    spec = store.resolve(model, with_eeg=inputs.eeg is not None)
    media = check_inputs(inputs, limits or Limits())
    on_progress(Stage.PROBE, 1.0)
    with _as_input_error():
        if spec.kind == "fusion":
            return _analyse_trimodal(inputs, media, spec, on_progress)
        return _analyse_audio_visual(inputs, media, spec, on_progress)


@contextmanager
def _as_input_error() -> Iterator[None]:
    """What libraries say of values that they cannot work with is said of the recording, not of the installation."""
    try:
        yield
    except (ValueError, ArithmeticError, LookupError, cv2.error, librosa.ParameterError) as error:
        logger.warning("a recording cannot be read", exc_info=True)
        raise InputError(
            Code.READER_CRASHED,
            "The recording holds picture or sound that cannot be worked with. Export it again, as H.264 MP4 or WAV.",
        ) from error


def _analyse_audio_visual(inputs: Inputs, media: MediaInfo, spec: store.ModelSpec, on_progress: OnProgress) -> Timeline:
    reader = AudioVisualPredictor.open(spec, fastest_device())
    track = reader.track(inputs, media, lambda share: on_progress(Stage.SAMPLE, share))
    windows = _predict_windows(reader, inputs, media, track, reader.starts(len(track.seen)), on_progress)
    on_progress(Stage.TIMELINE, 0.0)
    cut = segment_windows(windows, spec.labels, media.duration_s, reader.hop_s)
    return _timeline(Mode.AUDIO_VIDEO, media, (spec.used,), spec, windows, cut, track)


def _analyse_trimodal(inputs: Inputs, media: MediaInfo, spec: store.ModelSpec, on_progress: OnProgress) -> Timeline:
    assert inputs.eeg is not None
    member = store.get_member(spec, "audio_video")
    reader, fusion = AudioVisualPredictor.open(member, fastest_device()), TrimodalPredictor(spec)
    track = reader.track(inputs, media, lambda share: on_progress(Stage.SAMPLE, share))
    samples = len(track.seen)
    beside = [trial_window_starts(start_s, fusion.trial_s, reader, samples) for start_s in fusion.starts(inputs.eeg)]
    dense = reader.starts(samples)
    wanted = sorted({*dense, *chain.from_iterable(beside)})
    scored = dict(zip(wanted, _predict_windows(reader, inputs, media, track, wanted, on_progress), strict=True))
    trials = list(fusion.read(inputs.eeg, [[scored[start] for start in starts] for starts in beside]))
    on_progress(Stage.TIMELINE, 0.0)
    audio_video = [scored[start] for start in dense]
    fused = [trial.fused for trial in trials]
    eeg_windows = [window for trial in trials for window in trial.eeg]
    cut = segment_trials(fused, audio_video, eeg_windows, spec.labels, media.duration_s, reader.hop_s)
    windows = [*audio_video, *chain.from_iterable((*trial.eeg, trial.fused) for trial in trials)]
    models = (member.used, fusion.eeg_spec.used, spec.used)
    return _timeline(Mode.AUDIO_VIDEO_EEG, media, models, spec, windows, cut, track, eeg.inspect_eeg(inputs.eeg).facts)


def _predict_windows(
    reader: AudioVisualPredictor,
    inputs: Inputs,
    media: MediaInfo,
    track: FaceTrack,
    starts: list[int],
    on_progress: OnProgress,
) -> list[Window]:
    windows = []
    for window in reader.score(inputs, media, track, starts):
        windows.append(window)
        on_progress(Stage.SCORE, len(windows) / len(starts))
    return windows


def _timeline(
    mode: Mode,
    media: MediaInfo,
    models: tuple[ModelUsed, ...],
    spec: store.ModelSpec,
    windows: list[Window],
    cut: tuple[Segment, ...],
    track: FaceTrack,
    facts: EegFacts | None = None,
) -> Timeline:
    notice = f"{NOTICE} Demonstration: {spec.demonstration}." if spec.demonstration else NOTICE
    return Timeline(mode, media, models, spec.labels, tuple(windows), cut, notice, track.faces, eeg=facts)
