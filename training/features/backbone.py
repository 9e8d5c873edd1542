"""Trained image backbones: their files, and what they give for faces."""

from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from inference import store
from inference.models.audio_visual import BACKBONES, AudioVisualNetwork
from training.data.fer2013 import LABELS
from training.errors import DatasetError

BACKBONE = "backbone.safetensors"
CLASSIFIER = "classifier.safetensors"
_BATCH = 128
_BACKBONE_OF_MODEL = "video.backbone."


class FaceClassifier(nn.Module):
    """A backbone of BACKBONES and one linear layer over FER-2013's seven classes: (N, 3, S, S) -> (N, 7)."""

    def __init__(self, backbone: str) -> None:
        super().__init__()
        self.backbone = BACKBONES[backbone]()
        self.dropout = nn.Dropout(0.3)
        self.classifier = nn.Linear(self.backbone.features, len(LABELS))

    def forward(self, faces: Tensor) -> Tensor:
        """Logits of faces in 0..1."""
        logits: Tensor = self.classifier(self.dropout(self.backbone(faces)))
        return logits


def build_classifier(backbone: str, device: torch.device) -> FaceClassifier:
    """An untrained classifier on `device`, in the memory order that suits convolutions."""
    classifier: FaceClassifier = FaceClassifier(backbone).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return classifier


def as_network_input(grey: Tensor) -> Tensor:
    """(N, 1, S, S) -> (N, 3, S, S) in the memory order that suits convolutions."""
    return grey.expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)


@torch.inference_mode()
def classify(
    classifier: nn.Module, images: np.ndarray, size: int, device: torch.device, *, flip_tta: bool = True
) -> Tensor:
    """Logits (N, 7) on the processor of grey images (N, 48, 48) uint8.

    With `flip_tta`, those of each image are averaged with its mirror image's.
    """
    rows = []
    for start in range(0, len(images), _BATCH):
        grey = torch.from_numpy(images[start : start + _BATCH]).to(device).unsqueeze(1).float() / 255
        grey = functional.interpolate(grey, size=(size, size), mode="bilinear", align_corners=False)
        logits = classifier(as_network_input(grey))
        rows.append((logits + classifier(as_network_input(grey.flip(3)))) / 2 if flip_tta else logits)
    return torch.cat(rows).float().cpu()


def load_fitted(directory: Path, device: torch.device) -> tuple[FaceClassifier, int]:
    """The classifier that a fit wrote to `directory`, and the size of its images.

    Raises DatasetError where there is none.
    """
    try:
        with safe_open(directory / CLASSIFIER, framework="pt") as file:
            about = file.metadata() or {}
        classifier, size = build_classifier(about["backbone"], device), int(about["size"])
    except (OSError, SafetensorError, KeyError) as error:
        raise DatasetError(f"{directory}: not the folder of a fitted backbone: {error}") from error
    classifier.load_state_dict(load_file(directory / CLASSIFIER))
    return classifier.eval(), size


def teacher_probabilities(directory: Path, images: np.ndarray, device: torch.device) -> Tensor:
    """Probabilities (N, 7) by the classifier that a fit wrote to `directory`.

    Raises DatasetError where there is none.
    """
    classifier, size = load_fitted(directory, device)
    return classify(classifier, images, size, device).softmax(1)


def start_from(classifier: FaceClassifier, reference: str) -> None:
    """Load the backbone of an audio-visual model of the store, NAME@VERSION, into the classifier.

    Raises DatasetError where the model has another backbone.
    """
    network = store.load_model(store.get(reference))
    if not isinstance(network, AudioVisualNetwork) or not isinstance(classifier.backbone, type(network.video.backbone)):
        raise DatasetError(f"init_from: {reference} has not the backbone that the configuration asks for")
    classifier.backbone.load_state_dict(network.video.backbone.state_dict())


def load_backbone(network: AudioVisualNetwork, path: Path) -> None:
    """Load `backbone.safetensors`, or the backbone in the weights of a model of the store, into the network.

    Raises DatasetError where it is another backbone, or none.
    """
    try:
        weights = load_file(path)
        of_model = {name: tensor for name, tensor in weights.items() if name.startswith(_BACKBONE_OF_MODEL)}
        found = {name.removeprefix(_BACKBONE_OF_MODEL): tensor for name, tensor in of_model.items()} or weights
        network.video.backbone.load_state_dict(found)
    except (OSError, SafetensorError) as error:
        raise DatasetError(f"{path}: not a fitted backbone: {error}") from error
    except RuntimeError as error:
        expected = type(network.video.backbone).__name__
        raise DatasetError(
            f"{path}: holds another backbone than the configuration, which asks for {expected}"
        ) from error


def load_classifier(backbone: Path, features: int) -> nn.Linear:
    """The classifier (`features` -> 7) that was trained with `backbone.safetensors` and lies beside it.

    Raises DatasetError where there is none, or one of another backbone.
    """
    path, classifier = backbone.with_name(CLASSIFIER), nn.Linear(features, len(LABELS))
    try:
        state = load_file(path)
        same = all(torch.equal(state[f"backbone.{name}"], tensor) for name, tensor in load_file(backbone).items())
        classifier.load_state_dict({name: state[f"classifier.{name}"] for name in ("weight", "bias")})
    except (OSError, SafetensorError, KeyError, RuntimeError) as error:
        raise DatasetError(f"{path}: not the classifier of this backbone: {error}") from error
    if not same:
        raise DatasetError(f"{path}: not the classifier of this backbone")
    return classifier
