import pytest
import torch

from inference.models.audio_branches import cepstral_mean_norm
from inference.models.audio_visual import CrossAttention, IntermediateAttention
from inference.models.efficientface import EfficientFace, LocalFeatures
from inference.models.resnet import ResidualFace


def parameters(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.fixture(scope="module")
def network() -> IntermediateAttention:
    torch.manual_seed(0)
    return IntermediateAttention(classes=5).eval()


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


@pytest.mark.slow
def test_the_residual_backbone_reads_the_grey_of_small_faces() -> None:
    torch.manual_seed(0)
    network = IntermediateAttention(classes=5, backbone="residual").eval()
    assert parameters(ResidualFace()) == 2_683_360
    faces = torch.rand(15, 3, 48, 48)
    features = network.face_features(faces)
    assert features.shape == (15, 256)
    torch.testing.assert_close(features, network.face_features(faces.flip(1)))
    assert network(torch.rand(1, 10, 156), faces).shape == (1, 5)
    with pytest.raises(ValueError, match="multiple of 8"):
        network.face_features(torch.rand(1, 3, 44, 44))


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


@pytest.mark.parametrize("heads", [1, 4])
def test_attention_is_torchs_own_multi_head_attention(heads: int) -> None:
    attention = CrossAttention(128, 64, 128, heads)
    reference = torch.nn.MultiheadAttention(128, heads, kdim=64, vdim=64, batch_first=True)
    with torch.no_grad():
        reference.q_proj_weight.copy_(attention.query.weight)
        reference.k_proj_weight.copy_(attention.key_value.weight[:128])
        reference.v_proj_weight.copy_(attention.key_value.weight[128:])
        reference.out_proj.load_state_dict(attention.projection.state_dict())
    query, key = torch.rand(2, 150, 128), torch.rand(2, 15, 64)
    expected = reference(query, key, key, average_attn_weights=False)
    torch.testing.assert_close(attention(query, key), expected)


def test_attention_scales_faces_by_ten_and_speech_by_a_tenth(network: IntermediateAttention) -> None:
    seen = {}
    audio_in = network.audio.stage1(torch.rand(2, 10, 156))
    video_in = network.video.stage1(torch.rand(2, 1024, 15))
    to_video = network.audio_to_video.weights(audio_in.transpose(1, 2), video_in.transpose(1, 2))
    to_audio = network.video_to_audio.weights(video_in.transpose(1, 2), audio_in.transpose(1, 2))
    seen["video"], seen["audio"] = to_video.sum(2).mean().item(), to_audio.sum(2).mean().item()
    assert seen["video"] == pytest.approx(10)
    assert seen["audio"] == pytest.approx(0.1)


@pytest.mark.slow
def test_faces_read_once_give_the_same_logits_as_faces_read_in_their_window(network: IntermediateAttention) -> None:
    mfcc, faces = torch.rand(2, 10, 156), torch.rand(30, 3, 224, 224)
    with torch.inference_mode():
        at_once = network(mfcc, faces)
        features = torch.cat([network.face_features(faces[i : i + 10]) for i in (0, 10, 20)])
        reused = network.fuse(mfcc, features.view(2, 15, 1024))
    torch.testing.assert_close(at_once, reused, rtol=1e-4, atol=1e-4)


def test_reading_twice_gives_the_same_logits(network: IntermediateAttention) -> None:
    mfcc, features = torch.rand(3, 10, 156), torch.rand(3, 15, 1024)
    with torch.inference_mode():
        assert torch.equal(network.fuse(mfcc, features), network.fuse(mfcc, features))


def test_other_shapes_are_refused(network: IntermediateAttention) -> None:
    with pytest.raises(ValueError, match="multiple of 32"):
        network.face_features(torch.rand(1, 3, 112, 112))
    with pytest.raises(ValueError, match="mfcc"):
        network.fuse(torch.rand(1, 10, 150), torch.rand(1, 15, 1024))
    with pytest.raises(ValueError, match="features"):
        network.fuse(torch.rand(1, 10, 156), torch.rand(1, 14, 1024))


def test_what_a_voice_adds_to_every_frame_is_taken_away() -> None:
    mfcc = torch.randn(2, 40, 156)
    mfcc[:, 0, 100:] -= 1000.0  # silence
    timbre = 10 * torch.randn(2, 39, 1)
    other = torch.cat((mfcc[:, :1], mfcc[:, 1:] + timbre), dim=1)
    torch.testing.assert_close(cepstral_mean_norm(other), cepstral_mean_norm(mfcc), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(cepstral_mean_norm(mfcc)[:, 0], mfcc[:, 0])
    assert cepstral_mean_norm(mfcc)[:, 1:, :100].mean(2).abs().max() < 1e-5
    assert cepstral_mean_norm(torch.zeros(1, 40, 156)).eq(0).all()


def test_more_coefficients_widen_only_the_first_convolution() -> None:
    wide = IntermediateAttention(classes=8, mfcc=40, cepstral_mean_norm=True).eval()
    assert parameters(wide) == 1_854_766 + 30 * 64 * 3
    with torch.inference_mode():
        assert wide.fuse(torch.rand(2, 40, 156), torch.rand(2, 15, 1024)).shape == (2, 8)
