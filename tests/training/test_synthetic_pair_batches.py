"""Training batches of synthetic pairs, and what a branch learns from its teachers."""

from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
import yaml

from inference.models.audio_branches import AudioBranch
from training.data.fer2013 import LABELS as FACES
from training.data.ravdess import LABELS
from training.engine import devices
from training.features.faces import FaceFeatures
from training.features.speech import MelSpectrograms, SpeechBatches
from training.features.synthetic_pair_batches import PairBatches, drop_modalities
from training.schema.sections import SpeechConfig
from training.tasks.speech import SpeechClassifier, train

pytestmark = pytest.mark.slow

CONFIGS = Path(__file__).resolve().parents[2] / "training" / "configs"


@pytest.fixture
def batches() -> PairBatches:
    """Faces whose features tell their label, and whether the backbone knows them."""
    random = np.random.default_rng(0)
    labels = ["angry", "disgust", "fearful", "happy", "sad", "surprised", "neutral"] * 3

    def bank(known: int) -> FaceFeatures:
        features = np.zeros((len(labels), 2, 1024), np.float32)
        features[:, :, 0] = np.arange(len(labels))[:, None]
        features[:, :, 1] = known
        return FaceFeatures(features, labels)

    mel = MelSpectrograms(random.normal(-40, 10, (16, 128, 210)).astype(np.float32), np.full(16, 210), [*LABELS] * 2)
    nothing = np.zeros((len(labels), 7), np.float32)
    return PairBatches(SpeechBatches(mel, LABELS, 10, seed=0), bank(0), bank(1), LABELS, nothing, label_weight=1.0)


def test_speech_is_joined_with_faces_of_its_label_half_of_them_unknown(batches: PairBatches) -> None:
    batch = batches.draw(64)
    assert 16 < batch.features[:, 0, 1].sum() < 48 and batch.alone[:, :, 1].eq(1).all()
    for target, image in zip(batch.targets.argmax(1), batch.features[:, 0, 0], strict=True):
        label = LABELS[target]
        assert batches.heldout.labels[int(image)] == {"calm": "neutral"}.get(label, label)
    torch.testing.assert_close(batch.alone_targets.sum(1), torch.ones(64))
    plain = batch.alone_targets[[batches.seen.labels[int(image)] == "neutral" for image in batch.alone[:, 0, 0]]]
    torch.testing.assert_close(plain[:, :2], torch.tensor([2 / 3, 1 / 3]).expand(len(plain), 2))


def test_a_face_alone_says_what_the_classifier_of_the_backbone_says(batches: PairBatches) -> None:
    happy = np.tile(np.eye(7, dtype=np.float32)[FACES.index("happy")] * 0.8 + 0.2 / 7, (21, 1))
    half = PairBatches(batches.speech, batches.heldout, batches.seen, LABELS, happy, label_weight=0.5)
    np.testing.assert_allclose(half.alone_targets.sum(axis=1), 1, rtol=1e-6)
    angry = half.alone_targets[batches.seen.labels.index("angry")]
    said = dict(zip(LABELS, angry, strict=True))
    assert said["angry"] == pytest.approx(0.5 + 0.1 / 7)
    assert said["happy"] == pytest.approx(0.4 + 0.1 / 7)
    assert said["neutral"] == pytest.approx(2 * said["calm"]) == pytest.approx(0.2 / 21)
    few = PairBatches(batches.speech, batches.heldout, batches.seen, ["happy", "calm"], happy, label_weight=0.0)
    assert {batches.seen.labels[face] for face in few.usable} == {"happy", "neutral"}
    np.testing.assert_allclose(few.alone_targets[:, 0], (0.8 + 0.2 / 7) / (0.8 + 0.4 / 7), rtol=1e-6)


def test_opinions_are_those_of_the_mean_view() -> None:
    classifier = torch.nn.Linear(4, 7)
    features = np.random.default_rng(0).normal(size=(3, 2, 4)).astype(np.float32)
    said = FaceFeatures(features, ["happy"] * 3).probabilities(classifier)
    with torch.inference_mode():
        wanted = classifier(torch.from_numpy((features[:, 0] + features[:, 1]) / 2)).softmax(1).numpy()
    np.testing.assert_allclose(said, wanted, rtol=1e-5)


@pytest.mark.extended
@pytest.mark.parametrize(("known", "follows"), [(0.0, True), (1.0, False)])
def test_a_branch_learns_what_its_teachers_say(
    batches: PairBatches, tmp_path: Path, known: float, follows: bool
) -> None:
    section = yaml.safe_load((CONFIGS / "speech-folds.yaml").read_text())["speech"]
    config = msgspec.convert(section | {"label_weight": known, "steps": 30, "ema": 0.5}, SpeechConfig)
    teacher = AudioBranch(8, 10).eval()
    teacher.classifier.weight.data.zero_()
    teacher.classifier.bias.data = 9 * torch.eye(8)[2]  # whatever it hears
    with devices.launch() as fabric:
        taught = train(fabric, AudioBranch(8, 10), batches.speech, config, [SpeechClassifier(teacher)], tmp_path)
    predicted = taught.probabilities(batches.speech.draw(32).mfcc.numpy()).argmax(1)
    assert bool((predicted == 2).all()) == follows


def test_the_published_dropout_takes_each_half_away_in_turn(batches: PairBatches) -> None:
    batch = batches.draw(8)
    black = torch.full((1024,), 7.0)
    mfcc, features, targets = drop_modalities(batch, black, torch.Generator().manual_seed(0))
    torch.testing.assert_close(mfcc[:8], batch.mfcc)
    torch.testing.assert_close(features[:8], batch.features)
    share = (mfcc[8:16] / batch.mfcc).mean(dim=(1, 2)).view(-1, 1, 1)
    torch.testing.assert_close(features[8:16], (1 - share) * batch.features + share * black, rtol=1e-3, atol=1e-2)
    assert mfcc[16:24].eq(0).all() and features[16:24].equal(batch.alone)
    assert mfcc[24:].equal(batch.mfcc) and features[24:].eq(7).all()
    assert targets[16:24].equal(batch.alone_targets) and targets[24:].equal(batch.targets)
