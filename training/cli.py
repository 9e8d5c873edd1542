"""What `fit` can do: a function for each kind of configuration."""

import argparse
import hashlib
import logging
from pathlib import Path
from typing import Any

import numpy as np
import torch
from msgspec import to_builtins
from msgspec.structs import replace

from inference import speech as speech_input
from inference.hashing import sha256_file
from inference.model_spec import SpeechInput
from inference.models import build_model
from inference.models.audio_visual import AudioBranch, AudioVisualNetwork
from training.data import fer2013, ravdess, splits
from training.engine import checkpoint
from training.engine import devices as distributed
from training.errors import DatasetError
from training.features.banks import FaceBank, face_bank, kept, mel_bank, speech_bank, speech_level
from training.features.spec_augment import SpeechChanges
from training.publishing import publish
from training.publishing.provenance import provenance
from training.schema.configuration import (
    EEG,
    AudioVideo,
    ComposedTrials,
    Configuration,
    FaceBackbone,
    Fusion,
    RecordedEEG,
    RecordedFusion,
    Recordings,
    SpeechFolds,
    WithinPeople,
)
from training.tasks import eeg as fit_eeg
from training.tasks import fusion as fit_fusion
from training.tasks import recorded_eeg as fit_recorded_eeg
from training.tasks import recorded_fusion as fit_recorded_fusion
from training.tasks import recordings as fit_recordings
from training.tasks import synthetic_trials as composed_trials
from training.tasks.audio_visual import ComposedBatches, fit_behind_backbone, opinions_of
from training.tasks.backbone import CLASSIFIER, classifier_beside, fit_backbone, give_backbone
from training.tasks.speech import SpeechBatches, fit_branch, fit_folds, most_mfcc

log = logging.getLogger(__name__)

SPEECH_SPEC = SpeechInput(sample_rate=22050, n_mfcc=10, frames=156, n_fft=2048, hop_length=512, n_mels=128)

_READS: dict[type[Configuration], tuple[str, ...]] = {
    FaceBackbone: ("faces", "teachers"),
    AudioVideo: ("faces", "speech", "backbone"),
    Recordings: ("recordings", "backbone"),
    RecordedEEG: ("recordings",),
    WithinPeople: ("recordings",),
    SpeechFolds: ("speech",),
    ComposedTrials: ("faces", "speech"),
    RecordedFusion: ("recordings",),
}


def _needed(path: Path | None, option: str) -> Path:
    if path is None:
        raise DatasetError(f"{option} is needed for this configuration")
    return path


def face_backbone(config: FaceBackbone, options: argparse.Namespace) -> None:
    folder = _needed(options.faces, "--faces")
    train, _ = fer2013.reserve(fer2013.read_npz(folder / fer2013.TRAINING), config.reserve_every)
    validation = fer2013.read_npz(folder / fer2013.PUBLIC_TEST)
    with distributed.group():
        fit_backbone(train, validation, config, options.teachers, options.out)


def audio_video(config: AudioVideo, options: argparse.Namespace) -> None:
    """Fit on composed clips of `train_actors`, score on `test_actors` and unseen faces, write to the store.

    With `refit`, what is written was fitted again, on all these actors, and has the balance and temperatures of the
    network that was scored.
    """
    faces_root = _needed(options.faces, "--faces")
    speech_root = _needed(options.speech, "--speech")
    backbone = _needed(options.backbone, "--backbone")
    speech_input.warm_up()
    fitted = [sha256_file(file) for file in (backbone, backbone.with_name(CLASSIFIER)) if file.is_file()]
    data = (faces_root.resolve(), speech_root.resolve(), *fitted)
    place = checkpoint.folder(f"{config.name}-{config.version}", config.model_dump_json(), *data)

    network, alone, heard = _fit_on_composed(config, config.train_actors, faces_root, speech_root, backbone, place)
    spec = publish.specification(config, heard)
    metrics = publish.judge(network, alone, spec, config, faces_root / fer2013.PUBLIC_TEST, speech_root, backbone)
    if config.refit:
        again = place / "refit"
        network, _, heard = _fit_on_composed(config, config.fitted_actors, faces_root, speech_root, backbone, again)
        spec["speech"] = heard
        publish.rebalance(network, spec, metrics, config, faces_root / fer2013.PUBLIC_TEST, speech_root)
    metrics["provenance"] = provenance(config.seed, checkpoint.seconds(place))
    publish.audio_video(network, spec, config, metrics, options.out)
    checkpoint.forget(place)


def _fit_on_composed(
    config: AudioVideo, actors: list[int], faces_root: Path, speech_root: Path, backbone: Path, place: Path
) -> tuple[AudioVisualNetwork, AudioBranch, dict[str, Any]]:
    """The network fitted on composed clips of `actors`, its audio branch as it was alone, and what speech is to it."""
    labels = tuple(config.labels)
    torch.manual_seed(config.seed)
    network = build_model(publish.architecture(config), len(labels))
    assert isinstance(network, AudioVisualNetwork)
    give_backbone(network, backbone)
    classifier = classifier_beside(backbone, network.video.backbone.features)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    seen, unseen = fer2013.reserve(fer2013.read_npz(faces_root / fer2013.TRAINING), config.reserve_every)
    unseen_bank = _face_bank(network, unseen, config, config.views)
    seen_bank = _face_bank(network, seen, config, config.seen_views)
    clips = ravdess.read_clips(speech_root, actors)
    speech = mel_bank(clips, SPEECH_SPEC, config.window.seconds)
    log.info("fitting on %d clips, %d faces joined with them and %d alone", len(clips), len(unseen), len(seen))
    lessons = SpeechBatches(speech, _changes(most_mfcc(config.speech)), labels, config.seed)
    alone = fit_branch(network.audio, lessons, config.speech, config.seed, place)
    network.audio.load_state_dict(alone.state_dict())
    joined = SpeechBatches(speech, _changes(config.speech.mfcc), labels, config.seed)
    opinions = opinions_of(classifier, seen_bank)
    batches = ComposedBatches(joined, unseen_bank, seen_bank, labels, opinions, config.known)
    network = fit_behind_backbone(network, batches, config, place / "joint")
    assert all(np.isfinite(parameter.detach().numpy()).all() for parameter in network.parameters())
    heard = to_builtins(replace(SPEECH_SPEC, n_mfcc=config.speech.mfcc, level_db=speech_level(clips, SPEECH_SPEC)))
    return network, alone, heard


def speech_folds(config: SpeechFolds, options: argparse.Namespace) -> None:
    everybody = {actor for fold in splits.load(config.split).folds for actor in fold.test}
    clips = ravdess.read_clips(_needed(options.speech, "--speech"), everybody)
    count = most_mfcc(config.speech)
    plain = speech_bank(clips, replace(SPEECH_SPEC, n_mfcc=count), config.seconds)
    fit_folds(mel_bank(clips, SPEECH_SPEC, config.seconds), plain, _changes(count), config, options.out)


def _changes(coefficients: int) -> SpeechChanges:
    return SpeechChanges(replace(SPEECH_SPEC, n_mfcc=coefficients), SPEECH_SPEC.frames, torch.Generator())


def _face_bank(network: AudioVisualNetwork, faces: fer2013.Faces, config: AudioVideo, views: int) -> FaceBank:
    """Features of the faces, from runs/ where the same backbone has read them before."""
    size, seed = config.face.size, config.seed
    state = network.video.backbone.state_dict()
    weights = hashlib.sha256(b"".join(tensor.numpy().tobytes() for tensor in state.values())).hexdigest()
    images = hashlib.sha256(faces.images.tobytes()).hexdigest()
    arrays = kept(
        "faces",
        (weights, config.mirror, images, size, views, seed),
        lambda: {"features": face_bank(network, faces, size, views, seed).features},
    )
    return FaceBank(arrays["features"], [fer2013.LABELS[label] for label in faces.labels])


def fit(config: Configuration, options: argparse.Namespace) -> None:
    """Fit what the configuration describes and write it to `options.out`.

    Raises DatasetError for an option that is missing, or has no use.
    """
    for name in ("faces", "speech", "backbone", "recordings", "teachers"):
        if getattr(options, name) and name not in _READS.get(type(config), ()):
            raise DatasetError(f"--{name} has no use for this configuration")
    match config:
        case FaceBackbone():
            face_backbone(config, options)
        case AudioVideo():
            audio_video(config, options)
        case Recordings():
            root = _needed(options.recordings, "--recordings")
            with distributed.group():
                fit_recordings.fit(config, root, options.backbone, SPEECH_SPEC, options.out)
        case RecordedEEG():
            fit_recorded_eeg.fit(config, _needed(options.recordings, "--recordings"), options.out)
        case WithinPeople():
            fit_recorded_eeg.fit_within_people(config, _needed(options.recordings, "--recordings"), options.out)
        case SpeechFolds():
            speech_folds(config, options)
        case ComposedTrials():
            faces, speech = _needed(options.faces, "--faces"), _needed(options.speech, "--speech")
            composed_trials.write(config, faces, speech, options.out)
        case EEG():
            fit_eeg.fit(config, options.out)
        case Fusion():
            fit_fusion.fit(config, options.out)
        case RecordedFusion():
            fit_recorded_fusion.fit(config, _needed(options.recordings, "--recordings"), options.out)
