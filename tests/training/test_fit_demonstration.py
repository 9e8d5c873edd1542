"""Fitting EEGNet and the fusion network writes models that the store opens; small and quick."""

import shutil
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import torch
import yaml

from inference import store
from inference.model_spec import FusionSpec
from inference.models.fusion import WeightedMean
from training.engine import checkpoint
from training.errors import DatasetError
from training.evaluation import metrics
from training.features import eeg as eeg_features
from training.features import fusion as fusion_features
from training.schema import configuration
from training.schema.audio_visual import SyntheticPairs
from training.schema.eeg import SimulatedEEG
from training.schema.fusion import SimulatedFusion, SyntheticTrials
from training.tasks import eeg as fit_eeg
from training.tasks import fusion as fit_fusion

pytestmark = pytest.mark.slow

CONFIGS = Path(__file__).resolve().parents[2] / "training" / "configs"


def eeg_config() -> SimulatedEEG:
    read = configuration.read(CONFIGS / "eegnet-5.yaml")
    assert isinstance(read, SimulatedEEG)
    return read


def fusion_config(**changes: Any) -> SimulatedFusion:
    """Of the four people that `small` does not fit on, unless said otherwise."""
    read = configuration.read(CONFIGS / "fusion-cnn-5.yaml")
    assert isinstance(read, SimulatedFusion)
    return msgspec.structs.replace(read, **({"subjects": (3, 6), "trials_per_emotion": 1} | changes))


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SimulatedEEG:
    """A configuration of three short parts, fitted in an empty place."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(
        store.store_directory() / "intermediate-attention-5", tmp_path / "store" / "intermediate-attention-5"
    )
    monkeypatch.setenv("EMOTRACE_MODELS", str(tmp_path / "store"))
    monkeypatch.setattr(configuration, "FOLDER", tmp_path)
    changed: dict[str, Any] = yaml.safe_load((CONFIGS / "eegnet-5.yaml").read_text())
    changed["split"] = {"train": [1, 2], "validation": [3, 4], "test": [5, 6]}
    changed["trials_per_emotion"] = {"train": 1, "validation": 2, "test": 1}
    changed["epochs"] = 1
    (tmp_path / "eegnet-5.yaml").write_text(yaml.safe_dump(changed))
    read = configuration.read(tmp_path / "eegnet-5.yaml")
    assert isinstance(read, SimulatedEEG)
    return read


def clips(path: Path, shape: tuple[int, int] = (6, 5), seed: int = 0) -> None:
    """A table of audio-video logits that are right more often than not."""
    labels = np.repeat(np.arange(5), 12)
    logits = np.random.default_rng(seed).normal(size=(len(labels), *shape)).astype(np.float32)
    logits += 2 * np.eye(5, dtype=np.float32)[labels][:, None, : shape[1]]
    path.parent.mkdir(exist_ok=True)
    np.savez(path, logits=logits, labels=labels, folds=np.arange(len(labels)) % 2)


def test_no_person_is_in_two_parts_of_the_published_split() -> None:
    split = msgspec.to_builtins(eeg_config().split)
    people = [person for first, last in split.values() for person in range(first, last + 1)]
    assert sorted(people) == list(range(1, 43))
    assert [last - first + 1 for first, last in split.values()] == [30, 6, 6]


def test_the_fusion_reads_nobody_that_its_members_were_fitted_on() -> None:
    trials = configuration.read(CONFIGS / "composed-trials-5.yaml")
    network = configuration.read(CONFIGS / "intermediate-attention-5.yaml")
    assert isinstance(trials, SyntheticTrials)
    assert isinstance(network, SyntheticPairs)
    actors = [actor for fold in trials.folds for actor in fold]
    assert len(set(actors)) == len(actors)
    assert not set(actors) & set(network.train_actors)
    fusion = configuration.read(CONFIGS / "fusion-cnn-5.yaml")
    assert isinstance(fusion, SimulatedFusion)
    assert fusion.subjects[0] > eeg_config().split.train[1]


def test_each_fold_is_read_by_a_fusion_of_the_others(
    small: SimulatedEEG, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fit_eeg.fit_simulated(small, tmp_path / "store")
    clips(tmp_path / "runs" / "av5_logits.npz")
    drawn, paired = [], fusion_features.pair

    def seen(audio_video: fusion_features.Logits, eeg: fusion_features.Logits, rng: np.random.Generator) -> Any:
        drawn.append((set(audio_video.folds), set(eeg.folds)))
        return paired(audio_video, eeg, rng)

    monkeypatch.setattr(fit_fusion, "pair", seen)
    fit_fusion.fit_simulated(fusion_config(epochs=1, test_pairings=1, tree_pairings=1), tmp_path / "store")
    # Trees, the held-out fold, the network: for either fold, then the network of all.
    assert drawn == [*[({1}, {1}), ({0}, {0}), ({1}, {1})], *[({0}, {0}), ({1}, {1}), ({0}, {0})], ({0, 1}, {0, 1})]


def test_both_networks_are_fitted_and_opened_again(small: SimulatedEEG, tmp_path: Path) -> None:
    fit_eeg.fit_simulated(small, tmp_path / "store")
    clips(tmp_path / "runs" / "av5_logits.npz")
    fit_fusion.fit_simulated(fusion_config(), tmp_path / "store")

    eeg, fusion = store.get("eegnet-5@1"), store.get("fusion-cnn-5@1")
    for spec in (eeg, fusion):
        assert spec.demonstration == "EEG simulated"
        assert "demonstration: EEG simulated" in spec.card
        assert spec.labels == ("neutral", "sad", "angry", "happy", "calm")
    assert store.load_model(eeg)(torch.zeros(4, 30, 500)).shape == (4, 5)
    assert store.load_model(fusion)(torch.zeros(1, 10, 5)).shape == (1, 5)
    assert set(fusion.metrics["scores"]) == {"cnn", "average", "waver", "xgboost", "audio-video alone", "eeg alone"}
    assert isinstance(fusion.spec, FusionSpec)
    assert fusion.spec.temperature == fusion.metrics["calibration"]["temperature"] > 0
    assert set(fusion.metrics["scores"]["cnn"]["subjects"]) == {"3", "4", "5", "6"}
    assert set(eeg.metrics["scores"]["test"]["trial"]["subjects"]) == {"5", "6"}


def test_eegnet_goes_on_where_it_was_stopped_to_the_same_weights(
    small: SimulatedEEG, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = msgspec.structs.replace(small, epochs=2)
    weights = tmp_path / "store" / "eegnet-5" / "1" / "weights.safetensors"
    fit_eeg.fit_simulated(config, tmp_path / "store")
    whole = weights.read_bytes()
    save = checkpoint.save

    def killed(path: Path, parts: Any) -> None:
        save(path, parts)
        raise KeyboardInterrupt

    monkeypatch.setattr(checkpoint, "save", killed)
    with pytest.raises(KeyboardInterrupt):
        fit_eeg.fit_simulated(config, tmp_path / "store")
    monkeypatch.setattr(checkpoint, "save", save)
    torch.rand(3)
    fit_eeg.fit_simulated(config, tmp_path / "store")
    assert weights.read_bytes() == whole


def test_a_person_that_eegnet_was_fitted_on_is_refused(small: SimulatedEEG, tmp_path: Path) -> None:
    fit_eeg.fit_simulated(small, tmp_path / "store")
    clips(tmp_path / "runs" / "av5_logits.npz")
    with pytest.raises(DatasetError, match="eegnet-5 was fitted on subject 2"):
        fit_fusion.fit_simulated(fusion_config(subjects=(2, 6)), tmp_path / "store")
    with pytest.raises(DatasetError, match="subjects 6 to 3 are too few for 2 folds"):
        fit_fusion.fit_simulated(fusion_config(subjects=(6, 3)), tmp_path / "store")
    changed = msgspec.to_builtins(small) | {"split": {"train": [1, 1], "validation": [2, 4], "test": [5, 6]}}
    (tmp_path / "eegnet-5.yaml").write_text(yaml.safe_dump(changed))
    with pytest.raises(DatasetError, match="eegnet-5 was fitted with another configuration"):
        fit_fusion.fit_simulated(fusion_config(subjects=(2, 6)), tmp_path / "store")


def test_people_once_read_are_not_simulated_again(
    small: SimulatedEEG, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fit_eeg.fit_simulated(small, tmp_path / "store")
    clips(tmp_path / "runs" / "av5_logits.npz")
    made, person = [], eeg_features.simulated_subject

    def seen(config: SimulatedEEG, number: int, each: int) -> eeg_features.Trials:
        made.append(number)
        return person(config, number, each)

    monkeypatch.setattr(eeg_features, "simulated_subject", seen)
    for people in ((3, 5), (3, 6)):
        fit_fusion.fit_simulated(fusion_config(epochs=1, subjects=people), tmp_path / "store")
    assert made == [3, 4, 5, 6]


def test_waver_trusts_each_network_as_far_as_it_was_right() -> None:
    labels = np.array([0, 1, 2, 3])
    matrices = np.zeros((4, 10, 5), np.float32)
    matrices[:, :6] = 9 * np.eye(5, dtype=np.float32)[[0, 1, 2, 4]][:, None]  # right three times
    matrices[:, 6:] = 9 * np.eye(5, dtype=np.float32)[[0, 0, 0, 0]][:, None]  # right once
    rule = fit_fusion.waver(matrices, labels)
    assert isinstance(rule, WeightedMean)
    assert (rule.audio_video, rule.eeg) == (0.75, 0.25)


def test_fitting_without_audio_video_logits_says_what_is_missing(small: SimulatedEEG, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="av5_logits"):
        fit_fusion.fit_simulated(fusion_config(), tmp_path / "store")


def test_logits_of_another_shape_are_refused(small: SimulatedEEG, tmp_path: Path) -> None:
    clips(tmp_path / "runs" / "av5_logits.npz", shape=(4, 5))
    with pytest.raises(DatasetError, match="expected"):
        fit_fusion.fit_simulated(fusion_config(), tmp_path / "store")


def test_trials_are_paired_with_clips_of_their_own_label() -> None:
    labels = np.array([0, 1, 2, 2, 1])
    audio_video = fusion_features.Logits(
        np.repeat(np.arange(10, dtype=np.float32) % 5, 30).reshape(10, 6, 5), np.arange(10) % 5, np.zeros(10, np.int64)
    )
    eeg = fusion_features.Logits(np.zeros((5, 4, 5), np.float32), labels, np.zeros(5, np.int64))
    matrices = fusion_features.pair(audio_video, eeg, np.random.default_rng(0))
    np.testing.assert_array_equal(matrices[:, 0, 0], labels)
    assert matrices.shape == (5, 10, 5)


def test_windows_are_shuffled_within_their_network_only() -> None:
    matrices = np.tile(np.arange(10, dtype=np.float32)[:, None], (50, 1, 5))
    orders = fusion_features.shuffle(matrices, np.random.default_rng(0))[:, :, 0]
    np.testing.assert_array_equal(np.sort(orders[:, :6]), matrices[:, :6, 0])
    np.testing.assert_array_equal(np.sort(orders[:, 6:]), matrices[:, 6:, 0])
    assert len(np.unique(orders, axis=0)) > 40


def test_the_interval_is_over_people_and_not_over_trials() -> None:
    subjects = np.repeat([1, 2, 3], 100)
    same = metrics.by_subject(np.tile([0.0, 1.0], 150), subjects, seed=0)
    apart = metrics.by_subject(np.repeat([0.0, 0.5, 1.0], 100), subjects, seed=0)
    assert same["accuracy"] == apart["accuracy"] == 0.5
    assert same["interval_95"] == [0.5, 0.5]
    assert apart["interval_95"][1] - apart["interval_95"][0] > 0.5
