"""The stages of an analysis, in order: probe, sample, score, timeline. Rendering is a separate step."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain

import cv2
import librosa
import torch

from inference import eeg, store
from inference.errors import Code, InputError
from inference.model_spec import AudioVisualSpec, SystemSpec
from inference.predictors.audio_visual import AudioVisualPredictor, fastest_device
from inference.predictors.face_track import FaceTrack
from inference.predictors.system import SystemPredictor
from inference.predictors.trimodal import TrimodalPredictor, trial_window_starts
from inference.sandbox import client as sandbox
from inference.sound_survey import SoundSurvey
from inference.spans import SpanReading, plan_span
from inference.timeline.novelty import with_voice_novelty
from inference.timeline.segmentation import segment_trials, segment_windows
from inference.types import (
    EegFacts,
    Faces,
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

_MAX_TORCH_THREADS = 4  # more only wait for one another

NOTICE = (
    "An estimate of how a face and a voice look and sound to a network trained on acted and posed expressions. "
    "It does not say what a person feels, intends or is like, and it is no basis for a decision about anybody."
)


def _ignore_progress(stage: Stage, share: float) -> None:
    pass


def warm_up() -> None:
    """Begin what the first analysis would wait for: the sandbox's server, the digests of weights.

    The import of this module has loaded the libraries. Raises SandboxError.
    """
    sandbox.start()
    store.list_models()


def analyse(
    inputs: Inputs,
    *,
    model: str | None = None,
    limits: Limits | None = None,
    on_progress: OnProgress = _ignore_progress,
) -> Timeline:
    """Analyse one recording.

    Args:
        inputs: The files of the recording.
        model: NAME or NAME@VERSION; without it the store's default for the inputs.
        limits: What a recording may have at most.
        on_progress: Called with the stage and its progress; what it raises stops the analysis.

    Raises:
        InputError: The recording cannot be analysed.
        StoreError: The model cannot be used.
    """
    on_progress(Stage.PROBE, 0.0)
    stored = store.resolve(model, with_eeg=inputs.eeg is not None)
    media = check_inputs(inputs, limits or Limits())
    on_progress(Stage.PROBE, 1.0)
    with _as_input_error(), _cores_shared():
        if stored.kind == "fusion":
            return _analyse_trimodal(inputs, media, stored, on_progress)
        if isinstance(stored.spec, SystemSpec):
            return _analyse_system(inputs, media, stored, on_progress)
        return _analyse_audio_visual(inputs, media, stored, on_progress)


@contextmanager
def _as_input_error() -> Iterator[None]:
    """Attribute the errors that libraries raise for unusual values to the recording, not to the installation."""
    try:
        yield
    except (ValueError, ArithmeticError, LookupError, cv2.error, librosa.ParameterError) as error:
        logger.warning("a recording cannot be analysed", exc_info=True)
        raise InputError(
            Code.READER_CRASHED,
            "The recording holds picture or sound that cannot be worked with. Export it again, as H.264 MP4 or WAV.",
        ) from error


@contextmanager
def _cores_shared() -> Iterator[None]:
    """Give torch half of its threads: faces and sound are computed at the same time, in batches that are small."""
    threads = torch.get_num_threads()
    torch.set_num_threads(min(_MAX_TORCH_THREADS, max(1, threads // 2)))
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _analyse_audio_visual(
    inputs: Inputs, media: MediaInfo, model: store.StoredModel, on_progress: OnProgress
) -> Timeline:
    predictor = AudioVisualPredictor.load(model, fastest_device())
    with predictor.tracking_faces(inputs, media, lambda share: on_progress(Stage.SAMPLE, share)) as track:
        return analyse_track(predictor, model, inputs, media, track, on_progress)


def analyse_track(
    predictor: AudioVisualPredictor,
    model: store.StoredModel,
    inputs: Inputs,
    media: MediaInfo,
    track: FaceTrack,
    on_progress: OnProgress = _ignore_progress,
) -> Timeline:
    """Analyse the sound of a recording together with its faces; `predictor` is that of `model`."""
    starts = predictor.window_starts(len(track.detected))
    windows = _collect(predictor.predict(inputs, media, track, starts), len(starts), track, on_progress)
    on_progress(Stage.TIMELINE, 0.0)
    return _audio_visual_timeline(model, predictor.spec, media, windows, track.faces)


def _audio_visual_timeline(
    model: store.StoredModel, spec: AudioVisualSpec, media: MediaInfo, windows: list[Window], faces: Faces
) -> Timeline:
    segments = segment_windows(windows, model.labels, media.duration_s, spec.hop_s, spec.support.evidence)
    segments = with_voice_novelty(segments, windows)
    return _timeline(Mode.AUDIO_VIDEO, media, (model.used,), model, windows, segments, faces)


def read_span(
    inputs: Inputs,
    media: MediaInfo,
    *,
    model: str,
    number: int,
    count: int,
    share_survey: Callable[[Callable[[], SoundSurvey]], SoundSurvey],
    on_progress: OnProgress = _ignore_progress,
) -> SpanReading:
    """Read span `number` of `count` of a recording without EEG, whose `media` was probed before.

    `share_survey` is called with what makes the survey of the whole sound, and returns it, or that of another span,
    while faces are tracked. Raises InputError and StoreError, as `analyse` does, and what `share_survey` raises.
    """
    on_progress(Stage.SAMPLE, 0.0)
    with _as_input_error(), _cores_shared():
        predictor = AudioVisualPredictor.load(store.get(model), fastest_device())
        samples = len(predictor.sample_times(media.duration_s))
        plan = plan_span(predictor.window_starts(samples), samples, number, count)
        with predictor.tracking_faces(
            inputs, media, lambda share: on_progress(Stage.SAMPLE, share), plan.windows
        ) as track:
            survey = share_survey(lambda: predictor.survey_sound(inputs, media))
            predicted = predictor.predict(inputs, media, track, plan.windows, survey)
            windows = _collect(predicted, len(plan.windows), track, on_progress)
        return SpanReading(tuple(windows), _faces_between(track.faces, plan.first, plan.last))


def merge_spans(media: MediaInfo, readings: Sequence[SpanReading], *, model: str) -> Timeline:
    """Make one timeline of the readings of all spans of a recording, in their order. Raises StoreError."""
    stored = store.get(model)
    assert isinstance(stored.spec, AudioVisualSpec), "no other recordings are read in spans"
    windows = [window for reading in readings for window in reading.windows]
    boxes, views = (
        tuple(chain.from_iterable(parts))
        for parts in zip(*((reading.faces.boxes, reading.faces.views) for reading in readings), strict=True)
    )
    faces = Faces(stored.spec.step_s, boxes, views)
    return _audio_visual_timeline(stored, stored.spec, media, windows, faces)


def _faces_between(faces: Faces, first: int, last: int) -> Faces:
    """Return the faces of the samples from `first` to before `last`."""
    chosen = [
        (face, view)
        for face, view in zip(faces.boxes, faces.views, strict=True)
        if first <= int(face.time_s / faces.step_s) < last
    ]
    return Faces(faces.step_s, tuple(face for face, _ in chosen), tuple(view for _, view in chosen))


def _analyse_system(inputs: Inputs, media: MediaInfo, model: store.StoredModel, on_progress: OnProgress) -> Timeline:
    predictor = SystemPredictor.load(model, fastest_device())
    face = predictor.track_faces(inputs, media, lambda share: on_progress(Stage.SAMPLE, share))
    starts = predictor.window_starts(media.duration_s)
    windows = _collect(predictor.predict(inputs, media, face, starts), len(starts), None, on_progress)
    on_progress(Stage.TIMELINE, 0.0)
    segments = segment_windows(windows, model.labels, media.duration_s, predictor.hop_s, predictor.evidence)
    return _timeline(Mode.AUDIO_VIDEO, media, (model.used,), model, windows, segments, face.faces)


def _analyse_trimodal(inputs: Inputs, media: MediaInfo, model: store.StoredModel, on_progress: OnProgress) -> Timeline:
    assert inputs.eeg is not None
    member = store.get_member(model, "audio_video")
    predictor, fusion = AudioVisualPredictor.load(member, fastest_device()), TrimodalPredictor(model)
    with predictor.tracking_faces(inputs, media, lambda share: on_progress(Stage.SAMPLE, share)) as track:
        samples = len(track.detected)
        trial_starts = [
            trial_window_starts(start_s, fusion.trial_s, predictor, samples)
            for start_s in fusion.trial_starts(inputs.eeg)
        ]
        regular_starts = predictor.window_starts(samples)
        starts = sorted({*regular_starts, *chain.from_iterable(trial_starts)})
        predicted = _collect(predictor.predict(inputs, media, track, starts), len(starts), track, on_progress)
    windows_at = dict(zip(starts, predicted, strict=True))
    trials = list(fusion.predict(inputs.eeg, [[windows_at[start] for start in starts] for starts in trial_starts]))
    on_progress(Stage.TIMELINE, 0.0)
    audio_visual = [windows_at[start] for start in regular_starts]
    fused = [trial.fused for trial in trials]
    eeg_windows = [window for trial in trials for window in trial.eeg]
    segments = segment_trials(
        fused, audio_visual, eeg_windows, model.labels, media.duration_s, predictor.hop_s, predictor.evidence
    )
    segments = with_voice_novelty(segments, audio_visual)
    windows = [*audio_visual, *chain.from_iterable((*trial.eeg, trial.fused) for trial in trials)]
    models = (member.used, fusion.eeg_model.used, model.used)
    facts = eeg.inspect_eeg(inputs.eeg).facts
    return _timeline(Mode.AUDIO_VIDEO_EEG, media, models, model, windows, segments, track.faces, facts)


def _collect(predicted: Iterator[Window], count: int, track: FaceTrack | None, on_progress: OnProgress) -> list[Window]:
    """Collect the windows. While faces are still tracked, progress is that of sampling."""
    windows = []
    for window in predicted:
        windows.append(window)
        if track is None or track.share == 1.0:
            on_progress(Stage.SCORE, len(windows) / count)
    return windows


def _timeline(
    mode: Mode,
    media: MediaInfo,
    models: tuple[ModelUsed, ...],
    model: store.StoredModel,
    windows: list[Window],
    segments: tuple[Segment, ...],
    faces: Faces,
    facts: EegFacts | None = None,
) -> Timeline:
    notice = f"{NOTICE} Demonstration: {model.demonstration}." if model.demonstration else NOTICE
    return Timeline(mode, media, models, model.labels, tuple(windows), segments, notice, faces, eeg=facts)
