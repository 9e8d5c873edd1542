"""What `fit` can do: a function for each `task` that a configuration may name."""

import argparse
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file

from inference import speech as speech_input
from inference.models.audio_video import IntermediateAttention
from training import composed_trials, distributed, fit_eeg, fit_fusion, publish
from training.banks import balanced, face_bank, kept_speech_bank
from training.datasets import fer2013, ravdess
from training.datasets.errors import DatasetError
from training.fit_audio_video import ComposedBatches, fit_behind_backbone
from training.fit_backbone import fit_backbone

log = logging.getLogger(__name__)

SPEECH_SPEC = {"sample_rate": 22050, "n_mfcc": 10, "frames": 156, "n_fft": 2048, "hop_length": 512, "n_mels": 128}


def _needed(path: Path | None, option: str) -> Path:
    if path is None:
        raise DatasetError(f"{option} is needed for this configuration")
    return path


def face_backbone(config: dict[str, Any], options: argparse.Namespace) -> None:
    folder = _needed(options.faces, "--faces")
    train, _ = fer2013.reserve(fer2013.read_npz(folder / "fer2013_train.npz"), config["reserve_every"])
    validation = fer2013.read_npz(folder / "fer2013_public_test.npz")
    with distributed.group():
        fit_backbone(train, validation, config, options.out)


def audio_video(config: dict[str, Any], options: argparse.Namespace) -> None:
    """Fit on composed clips of `train_actors`, score on `test_actors` and unseen faces, write to the store."""
    faces_root = _needed(options.faces, "--faces")
    speech_root = _needed(options.speech, "--speech")
    labels = tuple(config["labels"])
    torch.manual_seed(config["seed"])
    speech_input.warm()
    network = IntermediateAttention(len(labels), config["heads"])
    network.video.backbone.load_state_dict(load_file(_needed(options.backbone, "--backbone")))

    train_faces = fer2013.read_npz(faces_root / "fer2013_train.npz")
    chosen = balanced(train_faces, config["faces_per_label"], config["seed"])
    backbone, size = network.video.backbone, config["face"]["size"]
    faces = face_bank(backbone, train_faces, chosen, size, config["views"], config["seed"])
    clips = ravdess.read_clips(speech_root, config["train_actors"])
    seconds = config["window"]["seconds"]
    speech = kept_speech_bank(clips, SPEECH_SPEC, seconds, config["speech_variants"], config["seed"]).only(labels)
    log.info("fitting on %d clips and %d faces", len(speech.labels), len(chosen))
    network = fit_behind_backbone(network, ComposedBatches(speech, faces, labels, config["seed"]), config)
    assert all(np.isfinite(parameter.detach().numpy()).all() for parameter in network.parameters())
    publish.audio_video(network, config, SPEECH_SPEC, options)


TASKS: dict[str, Callable[[dict[str, Any], argparse.Namespace], None]] = {
    "face-backbone": face_backbone,
    "audio-video": audio_video,
    "composed-trials": composed_trials.write,
    "eeg": lambda config, options: fit_eeg.fit(config, options.out),
    "fusion": lambda config, options: fit_fusion.fit(config, options.out),
}
