"""The pages of the models."""

from django.test import Client


def test_every_model_is_listed_with_its_mark(owner: Client) -> None:
    page = owner.get("/models/").content.decode()
    assert page.count("<article") == 3
    assert page.count("demonstration: EEG simulated") == 1
    assert "Reads face, voice and EEG. Tells 3 emotions apart: neutral, happy, sad." in page


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


def test_an_unknown_model_is_not_found(owner: Client) -> None:
    assert owner.get("/models/crystal-ball/1/").status_code == 404
    assert owner.get("/models/fusion-cnn-5/2/").status_code == 404
