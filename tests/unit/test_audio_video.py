import pytest
import torch

from inference.models.audio_video import CrossAttention, IntermediateAttention
from inference.models.backbone import EfficientFace, LocalFeatures


def parameters(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.fixture(scope="module")
def network() -> IntermediateAttention:
    torch.manual_seed(0)
    return IntermediateAttention(classes=5).eval()


@pytest.mark.parametrize("heads", [1, 4])
@pytest.mark.parametrize(("classes", "published"), [(5, 1_853_221), (8, 1_854_766)])
def test_it_has_the_published_number_of_parameters(classes: int, heads: int, published: int) -> None:
    assert parameters(IntermediateAttention(classes, heads)) == published


@pytest.mark.parametrize(
    ("part", "published"),
    [
        ("conv1", 841),
        ("stage2", 30_827),
        ("stage3", 244_180),
        ("stage4", 501_352),
        ("local", 10_208),
        ("modulator", 3_526),
        ("conv5", 477_184),
    ],
)
def test_each_part_of_the_backbone_has_the_published_number_of_parameters(part: str, published: int) -> None:
    assert parameters(getattr(EfficientFace(), part)) == published


def test_each_branch_has_the_published_number_of_parameters(network: IntermediateAttention) -> None:
    assert parameters(network.audio) == 225_477
    assert parameters(network.video) == 1_552_539
    assert parameters(network.audio_to_video) == 49_280
    assert parameters(network.video_to_audio) == 24_640
    assert parameters(network.classifier) == 1_285


def test_the_backbone_passes_through_the_published_shapes() -> None:
    backbone = EfficientFace().eval()
    seen: dict[str, tuple[int, ...]] = {}
    for name, module in backbone.named_children():
        module.register_forward_hook(lambda _m, _i, out, name=name: seen.update({name: tuple(out.shape[1:])}))
    features = backbone(torch.rand(2, 3, 224, 224))
    assert seen == {
        "conv1": (29, 112, 112),
        "maxpool": (29, 56, 56),
        "stage2": (116, 28, 28),
        "local": (116, 28, 28),
        "modulator": (116, 28, 28),
        "stage3": (232, 14, 14),
        "stage4": (464, 7, 7),
        "conv5": (1024, 7, 7),
    }
    assert features.shape == (2, 1024)


def test_the_branches_pass_through_the_published_shapes(network: IntermediateAttention) -> None:
    audio = network.audio.stage1(torch.rand(2, 10, 156))
    video = network.video.stage1(torch.rand(2, 1024, 15))
    assert network.audio.stage1[0](torch.rand(2, 10, 156)).shape == (2, 64, 153)
    assert audio.shape == (2, 128, 150)
    assert network.audio.stage2(audio).shape == (2, 128, 144)
    assert video.shape == (2, 64, 15)
    assert network.video.stage2(video).shape == (2, 128, 15)


def test_each_quadrant_is_read_by_its_own_weights() -> None:
    local = LocalFeatures(29, 116).eval()
    x = torch.rand(1, 29, 56, 56)
    whole = local(x)
    with torch.no_grad():
        for parameter in local.quadrants[3].parameters():
            parameter.zero_()
    changed = (local(x) != whole).any(dim=1)[0]
    assert changed[14:, 14:].any()
    assert not changed[:14].any()
    assert not changed[:, :14].any()


@pytest.mark.parametrize("heads", [1, 4])
def test_attention_weights_sum_to_one_over_the_keys(heads: int) -> None:
    attention = CrossAttention(128, 64, 128, heads)
    query, key = torch.rand(2, 150, 128), torch.rand(2, 15, 64)
    values, weights = attention(query, key)
    assert values.shape == (2, 150, 128)
    assert weights.shape == (2, heads, 150, 15)
    torch.testing.assert_close(weights.sum(3), torch.ones(2, heads, 150))
    torch.testing.assert_close(weights, attention.weights(query, key))


def test_attention_scales_faces_by_ten_and_speech_by_a_tenth(network: IntermediateAttention) -> None:
    seen = {}
    audio_in = network.audio.stage1(torch.rand(2, 10, 156))
    video_in = network.video.stage1(torch.rand(2, 1024, 15))
    to_video = network.audio_to_video.weights(audio_in.transpose(1, 2), video_in.transpose(1, 2))
    to_audio = network.video_to_audio.weights(video_in.transpose(1, 2), audio_in.transpose(1, 2))
    seen["video"], seen["audio"] = to_video.sum(2).mean().item(), to_audio.sum(2).mean().item()
    assert seen["video"] == pytest.approx(10)
    assert seen["audio"] == pytest.approx(0.1)


def test_faces_read_once_give_the_same_logits_as_faces_read_in_their_window(network: IntermediateAttention) -> None:
    mfcc, faces = torch.rand(2, 10, 156), torch.rand(30, 3, 224, 224)
    with torch.inference_mode():
        at_once = network(mfcc, faces)
        features = torch.cat([network.face_features(faces[i : i + 10]) for i in (0, 10, 20)])
        reused = network.fuse(mfcc, features.view(2, 15, 1024))
    torch.testing.assert_close(at_once, reused, rtol=1e-4, atol=1e-4)


def test_both_faces_and_speech_reach_the_logits(network: IntermediateAttention) -> None:
    mfcc, features = torch.rand(1, 10, 156), torch.rand(1, 15, 1024)
    with torch.inference_mode():
        logits = network.fuse(mfcc, features)
        assert not torch.allclose(logits, network.fuse(mfcc * 3, features))
        assert not torch.allclose(logits, network.fuse(mfcc, features * 3))


def test_reading_twice_gives_the_same_logits(network: IntermediateAttention) -> None:
    mfcc, features = torch.rand(3, 10, 156), torch.rand(3, 15, 1024)
    with torch.inference_mode():
        assert torch.equal(network.fuse(mfcc, features), network.fuse(mfcc, features))


def test_other_shapes_are_refused(network: IntermediateAttention) -> None:
    with pytest.raises(ValueError, match="multiple of 32"):
        network.face_features(torch.rand(1, 3, 112, 112))
    with pytest.raises(ValueError, match="mfcc"):
        network.fuse(torch.rand(1, 10, 150), torch.rand(1, 15, 1024))
