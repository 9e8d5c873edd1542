"""Trains the audio-visual network on synthetic pairs, behind a backbone that is trained already."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from msgspec.structs import asdict, replace
from torch import Tensor, nn
from torch.nn import functional

from inference import speech as speech_input
from inference import store
from inference.hashing import sha256_file
from inference.model_spec import AudioVisualSpec
from inference.models.audio_branches import AudioBranch
from inference.models.audio_visual import AudioVisualNetwork, build_audio_visual
from inference.predictors.audio_visual import AudioVisualPredictor
from training.data import fer2013, ravdess
from training.data.synthetic_pairs import FACE_OF
from training.engine import checkpoint, devices
from training.engine.loop import Loop
from training.evaluation.calibration import calibrate, reweigh
from training.evaluation.evaluate import evaluate, read_data
from training.features.backbone import CLASSIFIER, load_backbone, load_classifier
from training.features.encoded_speech import EncodedPairBatches
from training.features.faces import black_face_features
from training.features.speech import SPEECH_SPEC, SpeechFeatures, mean_voice_level, mel_spectrograms, middle_mfcc
from training.features.synthetic_pair_batches import PairBatch, PairBatches, drop_modalities, prepare_pairs
from training.publishing import spec as specs
from training.publishing.provenance import provenance
from training.publishing.weights import publish, write
from training.schema.audio_visual import PairsConfig, SyntheticPairs
from training.tasks.speech import SpeechClassifier, fit_branch


@dataclass(frozen=True)
class Sources:
    """Data on disk: folder of FER-2013, folder of RAVDESS speech, `backbone.safetensors` with its classifier."""

    faces: Path
    speech: Path
    backbone: Path

    @property
    def classifier(self) -> Path:
        """The backbone's own classifier."""
        return self.backbone.with_name(CLASSIFIER)


class PairClassifier(nn.Module):
    """The network from face features on: MFCC (N, C, 156) and features (N, 15, F) -> logits (N, classes)."""

    def __init__(self, network: AudioVisualNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, mfcc: Tensor, features: Tensor) -> Tensor:
        """Logits of pairs."""
        return self.network.fuse(mfcc, features)


def fit(config: SyntheticPairs, sources: Sources, out: Path) -> None:
    """Train on `train_actors`, calibrate and score on unknown actors and faces, write `out`/NAME/VERSION.

    With `refit`, the published weights are trained again, on all these actors, and take the modality weight and the
    temperatures of the network that was scored.
    """
    speech_input.warm_up()
    clips = ravdess.read_clips(sources.speech, config.actors)
    backbone = [sha256_file(file) for file in (sources.backbone, sources.classifier) if file.is_file()]
    directory = checkpoint.directory(config, sources.faces.resolve(), sources.speech.resolve(), *backbone)
    with devices.launch() as fabric:
        known = [clip for clip in clips if clip.actor in config.train_actors]
        predictor, spec, branch = _train(fabric, config, known, sources, directory)
        unknown = [clip for clip in clips if clip.actor not in config.train_actors and clip.label in config.labels]
        speech = middle_mfcc(unknown, predictor.speech, spec.window.seconds)
        data = read_data(sources.faces / fer2013.PUBLIC_TEST, sources.speech, config.test_actors)
        assert data.faces is not None
        spec, metrics = _calibrate(predictor, spec, branch, config, speech, data.faces)
        if fabric.is_global_zero:
            metrics["scores"] = evaluate(publish_candidate(predictor, spec, config, directory), data)
        metrics["alone"]["faces"] = _face_accuracy(predictor, sources.backbone)
        if config.refit:
            predictor, refitted, _ = _train(fabric, config, clips, sources, directory / "refit")
            spec = replace(spec, speech=refitted.speech)
            calibrating = speech.of_actors(config.calibration_actors)
            reweigh(predictor, metrics["calibration"]["balance"], calibrating, data.faces)
        if fabric.is_global_zero:
            metrics["curves"] = checkpoint.curves(directory)
            metrics["provenance"] = provenance(config.seed, checkpoint.seconds(directory), fabric.world_size)
            publish(predictor.network, spec, metrics, config, "synthetic_pairs", out)
            checkpoint.remove(directory)


def _train(
    fabric: Fabric, config: SyntheticPairs, clips: list[ravdess.Clip], sources: Sources, directory: Path
) -> tuple[AudioVisualPredictor, AudioVisualSpec, SpeechClassifier]:
    """The network trained on synthetic pairs of `clips`, its specification, and its audio branch as it was alone."""
    level, mel = mean_voice_level(clips, SPEECH_SPEC), mel_spectrograms(clips, config.window.seconds)
    spec = specs.synthetic_pairs(config, replace(SPEECH_SPEC, n_mfcc=config.speech.mfcc, level_db=level))
    torch.manual_seed(config.seed)
    network = build_audio_visual(classes=len(spec.labels), **asdict(spec.architecture))
    load_backbone(network, sources.backbone)
    classifier = load_classifier(sources.backbone, network.video.backbone.features)
    network.to(fabric.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    assert isinstance(network.audio, AudioBranch)
    branch = fit_branch(fabric, network.audio, mel, config.labels, config.speech, config.seed, directory)
    network.audio.load_state_dict(branch.branch.state_dict())
    faces = fer2013.read_npz(sources.faces / fer2013.TRAINING)
    batches = prepare_pairs(config, network, mel, faces, classifier)
    network = fit_jointly(fabric, network, batches, config, directory / "joint")
    return AudioVisualPredictor(network, spec, str(fabric.device)), spec, branch


def fit_jointly(
    fabric: Fabric,
    network: AudioVisualNetwork,
    batches: PairBatches | EncodedPairBatches,
    config: PairsConfig,
    directory: Path,
) -> AudioVisualNetwork:
    """Train what joins faces and voice, behind the backbone and the speech encoder.

    Returns the moving average after the last step.
    """
    generator = torch.Generator().manual_seed(config.seed)
    for fitted in (network.video.backbone, network.voice_classifier, network.face_classifier):
        if fitted is not None:
            fitted.requires_grad_(False)
    black = black_face_features(network, config.face.size).to(fabric.device)

    def loss(network: nn.Module, batch: PairBatch) -> Tensor:
        mfcc, features, targets = drop_modalities(batch, black, generator)
        return functional.cross_entropy(network(mfcc, features), targets, label_smoothing=config.label_smoothing)

    loop = Loop(fabric, directory, *batches.generators, generator)
    return loop.run_steps(PairClassifier(network), config, batches.draw, loss).network


def publish_candidate(
    predictor: AudioVisualPredictor, spec: AudioVisualSpec, config: PairsConfig, directory: Path
) -> store.StoredModel:
    """The network that is scored, in a store of its own, `directory`/candidate, where it can be scored again."""
    place = directory / "candidate" / spec.name / spec.version
    metrics = {"fitted_actors": config.train_actors}
    return write(place, predictor.network, spec, metrics, f"{spec.title}, before it is fitted on everybody.\n")


def _calibrate(
    predictor: AudioVisualPredictor,
    spec: AudioVisualSpec,
    branch: SpeechClassifier,
    config: SyntheticPairs,
    speech: SpeechFeatures,
    faces: fer2013.Faces,
) -> tuple[AudioVisualSpec, dict[str, Any]]:
    """Calibrate the network in place on unknown `speech` and `faces`; the calibrated spec and the metrics.

    The audio `branch` alone is scored for comparison.
    """
    calibration = calibrate(predictor, speech.of_actors(config.calibration_actors), faces)
    unimodal = {given: fitted["temperature"] for given, fitted in calibration["alone"].items()}
    spec = replace(spec, temperature=calibration["temperature"], unimodal_temperatures=unimodal)
    again = "; the weights kept were then fitted once more on all of them" if config.refit else ""
    return spec, {
        "data": "FER-2013 PublicTest faces; RAVDESS speech; both composed by label",
        "split": f"faces: FER-2013's own parts; speech: by actor, fitted on {config.train_actors}, "
        f"tested on {config.test_actors}{again}",
        "selection": config.selection,
        "fitted_actors": config.fitted_actors,
        "alone": {"speech": branch.accuracy(speech.of_actors(config.test_actors), spec.labels)},
        "calibration": calibration,
    }


def _face_accuracy(predictor: AudioVisualPredictor, backbone: Path) -> float | None:
    """The accuracy of the backbone's own classifier on PublicTest, by the logs beside it.

    None without logs, and for a network that does not know all seven faces of the classifier.
    """
    if {FACE_OF.get(label, label) for label in predictor.labels} != set(fer2013.LABELS):
        return None
    logs = sorted(backbone.parent.glob("phase-*.jsonl"))
    return json.loads(logs[-1].read_text().splitlines()[-1])["accuracy"] if logs else None
