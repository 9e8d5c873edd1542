"""The pages of the models."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from inference import store
from tests.webapp import clips
from tests.webapp.pages.conftest import LABELS, add_model
from webapp.pages import model_cards
from webapp.pages.model_cards import COMPARES

COMPARING = "intermediate-attention-8-recording-norm"


def test_every_model_is_listed_with_its_mark(owner: Client) -> None:
    page = owner.get("/models/").content.decode()
    assert page.count("<article") == 3
    assert page.count("demonstration: EEG simulated") == 1
    assert "Uses face, voice and EEG. Distinguishes 3 emotions: neutral, happy, sad." in page


def test_who_compares_a_voice_with_the_recording_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EMOTRACE_MODELS")  # the published models
    found = {name: model_cards.model_card(store.get(name)) for name in (COMPARING, store.DEFAULT_AUDIO_VIDEO)}
    assert {name: COMPARES in card.description for name, card in found.items()} == {
        COMPARING: True,
        store.DEFAULT_AUDIO_VIDEO: False,
    }


def test_a_card_is_rendered_without_what_could_do_harm(owner: Client) -> None:
    page = owner.get("/models/fusion-cnn-5/1/").content.decode()
    assert "<h1>The model</h1>" in page
    assert "<td>75 %</td>" in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert '<img src="http' not in page
    assert "demonstration: EEG simulated" in page


def test_scores_are_shown_by_where_they_stand(owner: Client) -> None:
    page = owner.get("/models/fusion-cnn-5/1/").content.decode()
    assert "Test, window" in page
    assert "62.5 %" in page


@pytest.mark.parametrize("name", ["spec.json", "metrics.json", "MODEL_CARD.md", "weights.safetensors"])
def test_a_damaged_model_is_left_out_of_every_page(owner: Client, name: str) -> None:
    owner.raise_request_exception = False
    (store.store_directory() / "intermediate-attention-5/1" / name).write_bytes(b"\xff")
    assert owner.get("/models/").content.decode().count("<article") == 2
    for address in ("/", "/recordings/new/", "/api/v1/models/"):
        assert owner.get(address).status_code == 200, address
    answer = owner.get("/models/intermediate-attention-5/1/")
    assert (answer.status_code, "The model cannot be used" in answer.content.decode()) == (503, True)
    assert int(answer["Retry-After"]) > 0
    asked = {"consent": "on", "video": SimpleUploadedFile("a.mp4", clips.video()), "model": "intermediate-attention-5"}
    answer = owner.post("/api/v1/recordings/", asked)
    assert (answer.status_code, answer.json()["code"]) == (503, "model_unavailable")


def test_a_system_of_the_zoo_is_chosen_like_any_model_of_face_and_voice(owner: Client) -> None:
    add_model(store.store_directory(), "vaanet-3", "system")
    listed = {model["name"]: model for model in owner.get("/api/v1/models/").json()}
    assert (listed["vaanet-3"]["kind"], listed["vaanet-3"]["labels"]) == ("audio-video", list(LABELS))
    assert 'value="vaanet-3"' in owner.get("/recordings/new/").content.decode()
    assert owner.get("/models/vaanet-3/1/").status_code == 200
    recording = {"consent": "on", "video": SimpleUploadedFile("a.mp4", clips.video()), "model": "vaanet-3"}
    assert owner.post("/api/v1/recordings/", recording).status_code == 201


def test_an_unknown_model_is_not_found(owner: Client) -> None:
    assert owner.get("/models/crystal-ball/1/").status_code == 404
    assert owner.get("/models/fusion-cnn-5/2/").status_code == 404
