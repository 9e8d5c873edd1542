import pytest

from tests.inference.matfiles import Save, mat, mat73


@pytest.fixture(params=[mat, mat73], ids=["v5", "v7.3"])
def save(request: pytest.FixtureRequest) -> Save:
    saver: Save = request.param
    return saver
