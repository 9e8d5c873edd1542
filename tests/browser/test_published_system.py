"""A system of the zoo, published into the store, is chosen in the browser, reads the sample and is compared."""

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from inference import store
from tests.browser.results import log_in
from tests.conftest import Start
from tests.integration.rest import ANALYSIS_SECONDS, SAMPLES
from tests.training.test_publish_system import CORPUS, METRICS, configuration, fitted
from training.publishing.systems import publish_system

pytestmark = [pytest.mark.extended, pytest.mark.usefixtures("transactional_db")]

PATIENCE_MS = ANALYSIS_SECONDS * 1000


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store with the default model and a system that was fitted for some steps on random numbers."""
    root = tmp_path / "models"
    shutil.copytree(store.store_directory() / "intermediate-attention-8", root / "intermediate-attention-8")
    monkeypatch.setenv("EMOTRACE_MODELS", str(root))
    publish_system(fitted("vaanet"), *configuration("vaanet"), CORPUS, METRICS, "vaanet-clips")
    return root


def test_it_is_chosen_reads_the_sample_and_is_compared(
    process: Start, models: Path, researcher: object, page: Page
) -> None:
    process("worker", EMOTRACE_MODELS=str(models))
    log_in(page)
    page.goto("/recordings/new/")
    page.get_by_label("Video").set_input_files(SAMPLES / "interview.mp4")
    page.get_by_role("radio", name="vaanet-clips").check()
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Upload and analyse").click()
    page.wait_for_url("**/analyses/*/")
    rows = page.locator("#segments tbody tr")
    expect(rows.first).to_be_visible(timeout=PATIENCE_MS)

    page.get_by_role("button", name="Analyse again").click()
    page.get_by_label("Model").select_option("intermediate-attention-8")
    page.get_by_role("button", name="Analyse", exact=True).click()
    chosen = page.get_by_role("navigation", name="Analyses of this recording").locator("[aria-current]")
    expect(chosen).to_contain_text("intermediate-attention-8")
    expect(rows.first).to_be_visible(timeout=PATIENCE_MS)

    page.get_by_role("link", name="Compare").click()
    page.wait_for_url("**/compare/**")
    for model in ("vaanet-clips", "intermediate-attention-8"):
        expect(page.get_by_role("option", name=str(store.get(model))).first).to_be_attached()
    expect(page.locator("#differences tbody tr").first).to_be_visible()
