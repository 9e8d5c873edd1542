"""Every system of the zoo, by the same tests: at the size of its paper, and at the small one of its configuration."""

import re
from typing import Any

import pytest
import torch
import yaml
from torch import Tensor

from inference import front_ends
from inference.models import zoo
from inference.models.zoo.system import System, example, parameter_count
from training.schema.configuration import FOLDER

NAMES = zoo.names()
PUBLISHED = {  # parameters, by system and options
    ("eegnet", "variant=paper"): 7_749,
    ("eegnet", "variant=code"): 14_517,
    ("scnn", ""): 343_685,
    ("deepvanet", "classes=1,channels=30"): 1_415_577,
    ("deepvanet", "classes=1,channels=32"): 1_415_817,
    ("deepvanet", "classes=1"): 1_416_777,
    ("deepvanet", "classes=1,modalities=face"): 1_347_513,
    ("deepvanet", "classes=1,modalities=bio"): 69_305,
    ("eegnet", "variant=classic"): 2_789,
    ("eegformer", "variant=code"): 122_693,
    ("shallow-conv-transformer", ""): 230_320,
    ("eeg-conformer", ""): 454_245,
}
NEVER_LEARN: dict[str, str] = {}  # parameters that the published network has and does not use, a pattern by system


def _small(name: str) -> dict[str, Any]:
    path = FOLDER / "zoo" / f"{name}.yaml"
    options: dict[str, Any] = yaml.safe_load(path.read_text())["sizes"]["small"].get("options", {})
    return {"classes": 2, **options}


@pytest.fixture(scope="module", params=NAMES)
def name(request: Any) -> str:
    return str(request.param)


@pytest.fixture
def system(name: str) -> System:
    torch.manual_seed(0)
    return zoo.build(name, **_small(name))


def _targets(system: System, batch: int, classes: int) -> Tensor:
    targets = torch.arange(batch) % classes
    return targets if system.target == "labels" else targets[:, None].expand(batch, classes).float()


def _learns(system: System) -> bool:
    return parameter_count(system) > 0


def test_every_system_has_a_configuration_and_every_configuration_a_system() -> None:
    assert sorted(path.stem for path in (FOLDER / "zoo").glob("*.yaml")) == NAMES


@pytest.mark.slow
def test_it_returns_logits_of_a_batch_and_of_one(system: System) -> None:
    if not _learns(system):
        system.solve(example(system, 8), _targets(system, 8, 2))
    system.eval()
    inputs = example(system)
    logits = system(inputs)
    assert logits.shape == (2, 2)
    one = system({name: values[:1] for name, values in inputs.items()})
    assert torch.allclose(one, logits[:1], atol=1e-4)
    probabilities = system.probabilities(logits)
    assert bool((probabilities >= 0).all())
    if system.target == "labels":
        assert torch.allclose(probabilities.sum(1), torch.ones(2), atol=1e-5)


@pytest.mark.slow
def test_it_says_the_same_twice(system: System) -> None:
    inputs = example(system, 8)
    if not _learns(system):
        system.solve(inputs, _targets(system, 8, 2))
    system.eval()
    with torch.inference_mode():
        assert torch.equal(system(inputs), system(inputs))


@pytest.mark.slow
def test_a_gradient_reaches_every_parameter_that_should_learn(name: str, system: System) -> None:
    inputs, targets = example(system, 4), _targets(system, 4, 2)
    system.train()
    for stage in system.stages():
        stage.loss(inputs, targets).backward()
    learning = {parameter for stage in system.stages() for parameter in stage.parameters}
    never = re.compile(NEVER_LEARN.get(name, "$^"))
    idle = [
        key
        for key, parameter in system.named_parameters()
        if parameter in learning and (parameter.grad is None or not parameter.grad.abs().sum())
    ]
    assert [key for key in idle if not never.search(key)] == []


@pytest.mark.slow
def test_what_is_saved_says_the_same(name: str, system: System) -> None:
    inputs = example(system, 8)
    if not _learns(system):
        system.solve(inputs, _targets(system, 8, 2))
    torch.manual_seed(1)
    other = zoo.build(name, **_small(name))
    other.load_state_dict(system.state_dict())
    with torch.inference_mode():
        assert torch.equal(other.eval()(inputs), system.eval()(inputs))


@pytest.mark.extended
def test_it_can_learn_one_batch_by_heart(system: System) -> None:
    torch.manual_seed(3)
    inputs, targets = example(system, 4), _targets(system, 4, 2)
    for stage in system.stages():
        if not stage.parameters:
            continue
        optimiser = torch.optim.Adam(stage.parameters, lr=3e-3)
        for _ in range(60):
            system.train()
            optimiser.zero_grad()
            stage.loss(inputs, targets).backward()
            optimiser.step()
            system.constrain()
    system.solve(inputs, targets)
    system.eval()
    with torch.inference_mode():
        logits = system(inputs)
    right = logits.argmax(1) == targets if system.target == "labels" else (logits > 0).float() == targets
    assert bool(right.all())


@pytest.mark.parametrize(("name", "given"), PUBLISHED)
def test_it_has_the_published_number_of_parameters(name: str, given: str) -> None:
    options = dict(pair.split("=") for pair in given.split(",")) if given else {}
    typed = {key: int(value) if value.isdigit() else value for key, value in options.items()}
    assert parameter_count(zoo.build(name, **typed)) == PUBLISHED[name, given]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_it_runs_on_a_gpu(system: System) -> None:
    system.eval().cuda()
    assert system({name: values.cuda() for name, values in example(system).items()}).shape == (2, 2)


def test_unknown_systems_and_options_are_named() -> None:
    with pytest.raises(zoo.ZooError, match=r"^alexnet: no such system, have .*eegnet"):
        zoo.build("alexnet")
    with pytest.raises(zoo.ZooError, match=r"^eegnet: Object contains unknown field `heads`"):
        zoo.build("eegnet", classes=5, heads=4)
    with pytest.raises(front_ends.FrontEndError, match=r"^wavelet: no such front end"):
        front_ends.build("wavelet")
    with pytest.raises(front_ends.FrontEndError, match=r"^eeg: Object contains unknown field `window`"):
        front_ends.build("eeg", window=3)
