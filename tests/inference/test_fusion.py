"""The rules that join audio-video and EEG logits."""

import numpy as np
import pytest
import torch
import xgboost

from inference.models.fusion import FusionCNN, build_fusion, mean_probabilities


def test_the_cnn_has_the_published_number_of_parameters() -> None:
    network = build_fusion(classes=5, method="cnn")
    assert sum(weight.numel() for weight in network.parameters()) == 27_237


def test_the_cnn_has_the_published_shapes() -> None:
    network = FusionCNN(classes=5, dropout=0.5).eval()
    shapes = []
    for layer in network.layers:
        layer.register_forward_hook(lambda module, inputs, output: shapes.append(tuple(output.shape[1:])))
    assert network(torch.randn(2, 10, 5)).shape == (2, 5)
    changed = [shape for index, shape in enumerate(shapes) if index == 0 or shape != shapes[index - 1]]
    assert changed == [(32, 9, 4), (32, 4, 4), (64, 2, 2), (64, 1, 2), (128,), (64,), (5,)]


def test_the_cnn_answers_alike_twice_in_evaluation() -> None:
    network, logits = build_fusion(classes=5, method="cnn").eval(), torch.randn(4, 10, 5)
    assert torch.equal(network(logits), network(logits))


def logits_of(audio_video: torch.Tensor, eeg: torch.Tensor) -> torch.Tensor:
    """(1, 10, 5) logits whose windows say these probabilities."""
    return torch.cat((audio_video.log().expand(6, 5), eeg.log().expand(4, 5))).unsqueeze(0)


AUDIO_VIDEO = torch.tensor([0.6, 0.1, 0.1, 0.1, 0.1])
EEG = torch.tensor([0.1, 0.7, 0.1, 0.05, 0.05])


def test_the_average_gives_both_networks_the_same_say_though_one_has_more_windows() -> None:
    mixed = build_fusion(classes=5, method="average")(logits_of(AUDIO_VIDEO, EEG)).softmax(1)
    torch.testing.assert_close(mixed[0], (AUDIO_VIDEO + EEG) / 2)


def test_the_average_has_nothing_to_learn() -> None:
    assert not build_fusion(classes=5, method="average").state_dict()


def test_waver_weighs_by_accuracy_and_still_gives_probabilities() -> None:
    rule = build_fusion(classes=5, method="waver", weights=(0.61, 0.39))
    mixed = rule(logits_of(AUDIO_VIDEO, EEG)).softmax(1)
    torch.testing.assert_close(mixed[0], 0.61 * AUDIO_VIDEO + 0.39 * EEG)
    assert mixed.argmax() == 0  # plain averaging would say 1


def test_certainty_does_not_become_a_value_that_is_not_a_number() -> None:
    certain = torch.full((1, 10, 5), -500.0)
    certain[:, :, 2] = 500.0
    assert build_fusion(classes=5, method="average")(certain).isfinite().all()


def test_boosted_trees_travel_with_the_weights() -> None:
    rng = np.random.default_rng(0)
    labels = np.tile(np.arange(5), 40)
    logits = torch.from_numpy(rng.normal(size=(200, 10, 5)) + 3 * np.eye(5)[labels][:, None]).float()
    read = torch.cat(mean_probabilities(logits), dim=1).numpy()
    booster = xgboost.train({"objective": "multi:softprob", "num_class": 5}, xgboost.DMatrix(read, labels), 5)
    trees = np.frombuffer(booster.save_raw("ubj"), dtype=np.uint8).copy()
    rule = build_fusion(classes=5, method="xgboost", size=len(trees))
    rule.load_state_dict({"trees": torch.from_numpy(trees)})
    mixed = rule(logits).softmax(1)
    np.testing.assert_allclose(mixed.numpy(), booster.predict(xgboost.DMatrix(read)), atol=1e-5)
    assert (mixed.argmax(1).numpy() == labels).mean() > 0.9


def test_an_unknown_method_is_refused() -> None:
    with pytest.raises(ValueError, match="no fusion method"):
        build_fusion(classes=5, method="magic")
