"""A server that takes no more files at the moment: the page waits and goes on by itself."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher
from playwright.sync_api import Page, expect

from tests.browser.test_upload import analyse, choose, digest, form, kept, large, words
from tests.conftest import Start
from tests.integration.rest import PASSWORD, SAMPLES
from tests.integration.slow import Sender
from tests.integration.web import Web
from tests.webapp.factories import UserFactory
from webapp.accounts.models import User
from webapp.recordings import check_slots
from webapp.recordings.upload_slots import MAX_CONCURRENT, MAX_CONCURRENT_PER_USER

pytestmark = pytest.mark.usefixtures("transactional_db")
__all__ = ["form", "large"]


@pytest.fixture
def researcher(researcher: User) -> User:
    """With a password as people have them."""
    researcher.password = Argon2PasswordHasher().encode(PASSWORD, "of a test")
    researcher.save()
    return researcher


@pytest.fixture
def address(process: Start) -> str:
    """A web process as it runs for people, that has more patience with those who are silent than the test lasts."""
    return Web(process, EMOTRACE_UPLOAD_SILENT_SECONDS="900").base


@pytest.fixture
def slow(address: str) -> Any:
    """As many uploads of others as the server takes, none of which comes to an end."""
    with ExitStack() as stack:
        for _ in range(MAX_CONCURRENT // MAX_CONCURRENT_PER_USER):
            sender = Sender(address, UserFactory.create(), stack)
            for _ in range(MAX_CONCURRENT_PER_USER):
                sender.half_part()
        yield stack


def test_the_page_waits_while_others_send_and_goes_on_by_itself(
    slow: ExitStack, form: Page, large: Path, refused: set[int]
) -> None:
    refused.add(503)
    choose(form, large)
    form.get_by_role("checkbox").check()
    analyse(form)
    expect(words(form)).to_contain_text("The server is busy")
    slow.close()
    form.wait_for_url("**/analyses/*/")
    assert kept(form) == {"large video": digest(large)}


@pytest.mark.extended
def test_the_page_waits_while_files_of_others_are_checked(form: Page, refused: set[int]) -> None:
    refused.add(503)
    with ExitStack() as stack:
        for number in range(check_slots.MAX_CONCURRENT):
            stack.enter_context(check_slots.check_slot(owner=User(pk=-number)))
        choose(form, SAMPLES / "interview.mp4")
        form.get_by_role("checkbox").check()
        with form.expect_response(lambda answer: answer.status == 503):
            analyse(form)
    form.wait_for_url("**/analyses/*/")
