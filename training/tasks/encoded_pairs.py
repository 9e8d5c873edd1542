"""Trains the audio-visual network with a speech encoder: speech of several corpora, faces that move between images."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from msgspec.structs import asdict, replace
from numpy.typing import NDArray
from torch import Tensor

from inference.hashing import sha256_file
from inference.model_spec import AudioVisualSpec, SupportInput
from inference.models.audio_branches import EncoderBranch
from inference.models.audio_visual import build_audio_visual
from inference.predictors.audio_visual import AudioVisualPredictor
from inference.timeline.evidence import EvidenceRule
from training.data import fer2013, ferplus
from training.data.labels import label_indices
from training.data.speech_corpora import RAVDESS
from training.engine import checkpoint, devices
from training.errors import DatasetError
from training.evaluation.calibration import reweigh, weigh
from training.evaluation.evaluate import evaluate, read_data
from training.evaluation.temperatures import fit_temperatures, small_face
from training.evaluation.voice_reference import corpora_reference
from training.features.alignment import align_faces
from training.features.backbone import load_backbone
from training.features.corpus_norm import norms_of_recordings
from training.features.encoded_speech import EncodedPairBatches, EncodedSpeech
from training.features.moving_faces import MovingFaces, read_face_pools
from training.features.pretrained_encoder import load_pretrained, model_path
from training.features.speech import SpeechFeatures
from training.features.speech_windows import CLEAN
from training.publishing import spec as specs
from training.publishing.provenance import provenance
from training.publishing.weights import publish
from training.schema.audio_visual import EncodedPairs
from training.tasks.audio_visual import fit_jointly, publish_candidate
from training.tasks.face_classifier import fit_face_classifier
from training.tasks.speech_corpora import draw_batches, encode_corpora, fit_branch, norm_of, probabilities

_MIN_VOICE = 0.2  # share of a window with a voice below which it is left out: a call too short to be read
_CONTRADICTION = 0.7  # probability of opposite valences by face and voice alone that contradict each other


@dataclass(frozen=True)
class Sources:
    """Folders of FER-2013, FER+, RAVDESS speech and other corpora, and `backbone.safetensors`."""

    faces: Path
    votes: Path
    speech: Path
    backbone: Path
    corpora: tuple[Path, ...] = ()


def fit(config: EncodedPairs, sources: Sources, out: Path) -> None:
    """Train on `train_actors` and the other corpora, calibrate and score on unknown actors and faces, write the model.

    With `refit`, the published weights are trained again, on all these actors, and take the modality weight and the
    temperatures of the network that was scored.
    """
    branch = config.branch
    roots = [sources.speech, *sources.corpora]
    ravdess, *others = encode_corpora(roots, config.encoder, branch, config.seed)
    if ravdess.corpus != RAVDESS:
        raise DatasetError(f"{sources.speech}: not RAVDESS's layout")
    actors = np.array([int(speaker.removeprefix(f"{RAVDESS}/")) for speaker in ravdess.speakers])
    if missing := sorted(config.actors - {*actors.tolist()}):
        raise DatasetError(f"{sources.speech}: no clips of actors {missing}")
    directory = checkpoint.directory(config, *(path.resolve() for path in roots), sha256_file(sources.backbone))
    with devices.launch(bfloat16=branch.bfloat16) as fabric:
        known = ravdess.where(np.isin(actors, config.train_actors))
        predictor, spec, branch_alone = _train(fabric, config, [known, *others], sources, directory)
        data = read_data(
            sources.faces / fer2013.PUBLIC_TEST,
            sources.speech,
            config.test_actors,
            votes=sources.votes / ferplus.PUBLIC_TEST,
        )
        assert data.faces is not None
        assert data.votes is not None
        faces = data.votes.majority(align_faces(data.faces) if config.face.aligned else data.faces)[0]
        calibrating = _of_actors(ravdess, actors, config.calibration_actors, config.labels)
        calibration = weigh(predictor, _speech_features(predictor, calibrating), faces)
        spec = _with_support(predictor, spec, [known, *others])
        if fabric.is_global_zero:
            spoken = [calibrating.clips[row] for row in calibrating.rows]
            uncalibrated = publish_candidate(predictor, spec, config, directory)
            calibration |= fit_temperatures(uncalibrated, spoken, faces)
            spec = _calibrated(spec, calibration)
        tested = _of_actors(ravdess, actors, config.test_actors, config.labels)
        metrics = _metrics(config, others) | {
            "alone": {"speech": _accuracy(branch_alone, tested, config.labels, spec), "faces": None},
            "calibration": calibration,
        }
        if fabric.is_global_zero:
            metrics["scores"] = evaluate(publish_candidate(predictor, spec, config, directory), data)
        if config.refit:
            everybody = ravdess.where(np.isin(actors, sorted(config.actors)))
            predictor, _, _ = _train(fabric, config, [everybody, *others], sources, directory / "refit")
            reweigh(predictor, calibration["balance"], _speech_features(predictor, calibrating), faces)
            support = _with_support(predictor, spec, [everybody, *others]).support
            spec = replace(spec, support=replace(support, small_face=spec.support.small_face))
        if fabric.is_global_zero:
            metrics["curves"] = checkpoint.curves(directory)
            metrics["provenance"] = provenance(config.seed, checkpoint.seconds(directory), fabric.world_size)
            publish(predictor.network, spec, metrics, config, "encoded_pairs", out)
            checkpoint.remove(directory)


def _train(
    fabric: Fabric, config: EncodedPairs, corpora: Sequence[EncodedSpeech], sources: Sources, directory: Path
) -> tuple[AudioVisualPredictor, AudioVisualSpec, EncoderBranch]:
    """The network trained on pairs of `corpora`, its specification, and its audio branch as it was alone."""
    spec = specs.encoded_pairs(config)
    torch.manual_seed(config.seed)
    network = build_audio_visual(classes=len(spec.labels), **asdict(spec.architecture))
    load_backbone(network, sources.backbone)
    assert isinstance(network.audio, EncoderBranch)
    load_pretrained(network.audio.encoder, model_path())
    network.to(fabric.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    norm = norm_of(corpora, network.audio.encoder, config.branch)
    branch = fit_branch(
        fabric, network.audio, corpora, config.labels, config.branch, config.seed, directory / "speech", norm
    )
    network.audio.load_state_dict(branch.state_dict())
    assert network.voice_classifier is not None
    network.voice_classifier.load_state_dict(_without_encoder(branch))
    speech = draw_batches(corpora, config.labels, config.branch, config.seed)
    heldout, seen = read_face_pools(
        network,
        sources.faces,
        sources.votes,
        contempt=config.contempt,
        holdout_every=config.holdout_every,
        size=config.face.size,
        augmentations=config.augmentations,
        augmentations_seen=config.augmentations_seen,
        seed=config.seed,
    )
    assert network.face_classifier is not None
    faces = MovingFaces(heldout, seen, config.labels, np.random.default_rng(config.seed))
    classifier = fit_face_classifier(
        fabric, network.face_classifier, faces, config.face_classifier, directory / "faces"
    )
    network.face_classifier.load_state_dict(classifier.state_dict())
    faces = MovingFaces(heldout, seen, config.labels, np.random.default_rng(config.seed))
    batches = EncodedPairBatches(speech, faces, network.audio.encoder, norm)
    network = fit_jointly(fabric, network, batches, config, directory / "joint")
    spec = replace(spec, recording_norm=norm)
    return AudioVisualPredictor(network, spec, str(fabric.device)), spec, branch


def _without_encoder(branch: EncoderBranch) -> dict[str, Tensor]:
    """The parameters and statistics of an audio branch but those of its encoder."""
    return {name: tensor for name, tensor in branch.state_dict().items() if not name.startswith("encoder.")}


def _of_actors(
    ravdess: EncodedSpeech, actors: NDArray[np.int64], chosen: Sequence[int], labels: Sequence[str]
) -> EncodedSpeech:
    """These actors' clips that have one of `labels`."""
    return ravdess.where(np.isin(actors, chosen) & np.isin(ravdess.labels, labels))


def _with_support(
    predictor: AudioVisualPredictor, spec: AudioVisualSpec, corpora: Sequence[EncodedSpeech]
) -> AudioVisualSpec:
    """The specification with what a prediction needs, and the voices of `corpora` as this network hears them."""
    reference = corpora_reference(predictor.network, corpora, [CLEAN, 0], spec.recording_norm)
    evidence = EvidenceRule(min_voice=_MIN_VOICE, contradiction=_CONTRADICTION)
    return replace(spec, support=SupportInput(evidence=evidence, voice=reference))


def _calibrated(spec: AudioVisualSpec, calibration: dict[str, Any]) -> AudioVisualSpec:
    """The specification with the temperatures of `fit_temperatures`."""
    return replace(
        spec,
        temperature=calibration["temperature"],
        unimodal_temperatures={given: fitted["temperature"] for given, fitted in calibration["alone"].items()},
        support=replace(spec.support, small_face=small_face(calibration)),
    )


def _speech_features(predictor: AudioVisualPredictor, ravdess: EncodedSpeech) -> SpeechFeatures:
    """The clean windows of clips as the predictor's own encoder says them, each clip a recording."""
    audio = predictor.network.audio
    assert isinstance(audio, EncoderBranch)
    norms = norms_of_recordings(ravdess, predictor.spec.recording_norm, audio.encoder, CLEAN, ravdess.rows.tolist())
    hidden = torch.cat([*ravdess.hidden(CLEAN, audio.encoder, norms)]).numpy()
    return SpeechFeatures(hidden, ravdess.labels, [int(name.rpartition("/")[2]) for name in ravdess.speakers])


def _accuracy(branch: EncoderBranch, speech: EncodedSpeech, labels: Sequence[str], spec: AudioVisualSpec) -> float:
    norms = norms_of_recordings(speech, spec.recording_norm, branch.encoder, CLEAN, speech.rows.tolist())
    predicted = probabilities(branch, speech, CLEAN, norms).argmax(1)
    return round(float(np.mean(predicted == label_indices(speech.labels, labels))), 4)


def _metrics(config: EncodedPairs, others: Sequence[EncodedSpeech]) -> dict[str, Any]:
    again = "; the weights kept were then fitted once more on all of them" if config.refit else ""
    return {
        "data": f"FER-2013 PublicTest faces; speech of RAVDESS{''.join(f', {speech.corpus}' for speech in others)}; "
        "both composed by label",
        "split": f"faces: FER-2013's own parts; speech: by actor of RAVDESS, fitted on {config.train_actors} and every "
        f"speaker of the other corpora, tested on {config.test_actors}{again}",
        "selection": config.selection,
        "fitted_actors": config.fitted_actors,
        "fitted_speakers": sorted({speaker for speech in others for speaker in speech.speakers.tolist()}),
    }
