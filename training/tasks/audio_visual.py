"""Trains the audio-visual network on synthetic pairs, behind a backbone that is trained already."""

import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from msgspec.structs import replace
from torch import Tensor, nn
from torch.nn import functional

from inference import speech as speech_input
from inference.hashing import sha256_file
from inference.model_spec import AudioVisualSpec
from inference.models import build_model
from inference.models.audio_visual import AudioVisualNetwork
from inference.predictors.audio_visual import AudioVisualPredictor
from training.data import fer2013, ravdess
from training.data.synthetic_pairs import FACE_OF
from training.engine import checkpoint, devices
from training.engine.loop import Loop, drawn
from training.engine.optim import adamw
from training.evaluation.calibration import calibrate, reweigh
from training.evaluation.evaluate import evaluate_predictor, labelled_clips
from training.features.backbone import CLASSIFIER, load_backbone, load_classifier
from training.features.faces import black_face_features, face_features
from training.features.pairs import PairBatch, PairBatches, drop_modalities
from training.features.speech import SPEECH_SPEC, SpeechBatches, mean_voice_level, mel_spectrograms, middle_mfcc
from training.publishing import spec as specs
from training.publishing.provenance import provenance
from training.publishing.weights import publish
from training.schema.audio_visual import SyntheticPairs
from training.tasks.speech import SpeechClassifier, fit_branch

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Sources:
    """Data on disk: folder of FER-2013, folder of RAVDESS speech, `backbone.safetensors` with its classifier."""

    faces: Path
    speech: Path
    backbone: Path

    @property
    def public_test(self) -> Path:
        """Faces that neither the backbone nor the network is trained on."""
        return self.faces / fer2013.PUBLIC_TEST


class PairClassifier(nn.Module):
    """The network from face features on: MFCC (N, C, 156) and features (N, 15, F) -> logits (N, classes)."""

    def __init__(self, network: AudioVisualNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, mfcc: Tensor, features: Tensor) -> Tensor:
        return self.network.fuse(mfcc, features)


def fit(config: SyntheticPairs, sources: Sources, out: Path) -> None:
    """Train on `train_actors`, calibrate and score on unknown actors and faces, write `out`/NAME/VERSION.

    With `refit`, the published weights are trained again, on all these actors, and take the modality weight and the
    temperatures of the network that was scored.
    """
    speech_input.warm_up()
    trained = [sha256_file(file) for file in _backbone_files(sources) if file.is_file()]
    directory = checkpoint.directory(config, sources.faces.resolve(), sources.speech.resolve(), *trained)
    with devices.launch() as fabric:
        predictor, spec, branch = _train(fabric, config, config.train_actors, sources, directory)
        spec, metrics = calibrate_and_evaluate(predictor, spec, branch, config, sources)
        if config.refit:
            actors = config.fitted_actors
            again, refitted, _ = _train(fabric, config, actors, sources, directory / "refit")
            spec = replace(spec, speech=refitted.speech)
            weight = metrics["calibration"]["balance"]
            faces = fer2013.read_npz(sources.public_test)
            reweigh(again, weight, sources.speech, config.calibration_actors, faces)
            predictor = again
        if fabric.is_global_zero:
            metrics["provenance"] = provenance(config.seed, checkpoint.seconds(directory), fabric.world_size)
            publish(predictor.network, spec, metrics, config, "synthetic_pairs", out)
            checkpoint.remove(directory)


def _backbone_files(sources: Sources) -> tuple[Path, Path]:
    return sources.backbone, sources.backbone.with_name(CLASSIFIER)


def _train(
    fabric: Fabric, config: SyntheticPairs, actors: list[int], sources: Sources, directory: Path
) -> tuple[AudioVisualPredictor, AudioVisualSpec, SpeechClassifier]:
    """The network trained on synthetic pairs of `actors`, its specification, and its audio branch as it was alone."""
    clips = ravdess.read_clips(sources.speech, actors)
    level = mean_voice_level(clips, SPEECH_SPEC)
    spec = specs.synthetic_pairs(config, replace(SPEECH_SPEC, n_mfcc=config.speech.mfcc, level_db=level))
    torch.manual_seed(config.seed)
    network = build_model(spec.architecture, len(spec.labels))
    assert isinstance(network, AudioVisualNetwork)
    load_backbone(network, sources.backbone)
    network.to(fabric.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    mel = mel_spectrograms(clips, config.window.seconds)
    log.info("fitting on %d clips", len(clips))
    draws = SpeechBatches(mel, config.labels, config.speech.max_mfcc, config.seed)
    branch = fit_branch(fabric, network.audio, draws, config.speech, config.seed, directory)
    network.audio.load_state_dict(branch.branch.state_dict())
    draws = SpeechBatches(mel, config.labels, config.speech.mfcc, config.seed)
    batches = _pair_batches(network, draws, config, sources)
    network = _fit_jointly(fabric, network, batches, config, directory / "joint")
    return AudioVisualPredictor(network, spec, str(fabric.device)), spec, branch


def _pair_batches(
    network: AudioVisualNetwork, speech: SpeechBatches, config: SyntheticPairs, sources: Sources
) -> PairBatches:
    classifier = load_classifier(sources.backbone, network.video.backbone.features)
    seen, heldout = fer2013.hold_out(fer2013.read_npz(sources.faces / fer2013.TRAINING), config.holdout_every)
    heldout_features, seen_features = (
        face_features(network, faces, config.face.size, views, config.seed)
        for faces, views in ((heldout, config.augmentations), (seen, config.augmentations_seen))
    )
    log.info("%d faces are joined with speech, %d come alone too", len(heldout), len(seen))
    probabilities = seen_features.probabilities(classifier)
    return PairBatches(speech, heldout_features, seen_features, config.labels, probabilities, config.label_weight)


def _fit_jointly(
    fabric: Fabric, network: AudioVisualNetwork, batches: PairBatches, config: SyntheticPairs, directory: Path
) -> AudioVisualNetwork:
    """Train everything behind the backbone; returns the moving average after the last step."""
    generator = torch.Generator().manual_seed(config.seed)
    network.video.backbone.requires_grad_(False)
    black = black_face_features(network, config.face.size).to(fabric.device)
    classifier = PairClassifier(network)

    def loss(network: nn.Module, batch: PairBatch) -> Tensor:
        mfcc, features, targets = drop_modalities(batch, black, generator)
        return functional.cross_entropy(network(mfcc, features), targets, label_smoothing=config.label_smoothing)

    loop = Loop(fabric, directory, *batches.speech.generators, generator)
    steps = drawn(lambda: devices.share(fabric, batches.draw(config.batch_size)), config.steps)
    return loop.run(classifier, adamw(classifier, config), *steps, loss).network


def calibrate_and_evaluate(
    predictor: AudioVisualPredictor,
    spec: AudioVisualSpec,
    branch: SpeechClassifier,
    config: SyntheticPairs,
    sources: Sources,
) -> tuple[AudioVisualSpec, dict[str, Any]]:
    """Calibrate the network in place, score it on unknown faces and actors; the calibrated spec and the metrics.

    The audio `branch` alone and, where the log of its fit lies beside it, the backbone alone are scored for
    comparison: a network of each modality.
    """
    faces = fer2013.read_npz(sources.public_test)
    calibration = calibrate(predictor, sources.speech, config.calibration_actors, faces)
    unimodal = {given: fitted["temperature"] for given, fitted in calibration["alone"].items()}
    spec = replace(spec, temperature=calibration["temperature"], unimodal_temperatures=unimodal)
    calibrated = AudioVisualPredictor(predictor.network, spec, predictor.device)
    again = "; the weights kept were then fitted once more on all of them" if config.refit else ""
    return spec, {
        "data": "FER-2013 PublicTest faces; RAVDESS speech; both composed by label",
        "split": f"faces: FER-2013's own parts; speech: by actor, fitted on {config.train_actors}, "
        f"tested on {config.test_actors}{again}",
        "selection": config.selection,
        "fitted_actors": config.fitted_actors,
        "scores": evaluate_predictor(
            calibrated, faces=sources.public_test, speech=sources.speech, actors=config.test_actors
        ),
        "alone": {
            "speech": _speech_accuracy(calibrated, branch, config.test_actors, sources.speech),
            "faces": _face_accuracy(calibrated, sources.backbone),
        },
        "calibration": calibration,
    }


def _speech_accuracy(
    predictor: AudioVisualPredictor, branch: SpeechClassifier, actors: list[int], speech: Path
) -> float:
    clips = labelled_clips(predictor, speech, actors)
    features = middle_mfcc(clips, predictor.speech, predictor.window_s)
    predicted = branch.probabilities(features.mfcc).argmax(1)
    return round(float(np.mean(np.array(predictor.labels)[predicted] == features.labels)), 4)


def _face_accuracy(predictor: AudioVisualPredictor, backbone: Path) -> float | None:
    """The accuracy of the backbone's own classifier on PublicTest, by the logs beside it.

    None without logs, and for a network that does not know all seven faces of the classifier.
    """
    if {FACE_OF.get(label, label) for label in predictor.labels} != set(fer2013.LABELS):
        return None
    logs = sorted(backbone.parent.glob("phase-*.jsonl"))
    return json.loads(logs[-1].read_text().splitlines()[-1])["accuracy"] if logs else None
