"""An analysis with the default model leaves out libraries that only other models use: they cost memory and seconds."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.inference.clips import talk

HEAVY = ("numba", "sklearn", "scipy.signal", "xgboost", "pandas", "h5py")
CODE = f"""
import sys
from pathlib import Path
from inference.pipeline import analyse
from inference.types import Inputs

analyse(Inputs(Path(sys.argv[1])))
print(*({set(HEAVY)} & set(sys.modules)))
"""


@pytest.mark.slow
def test_an_analysis_imports_no_library_of_other_models(tmp_path: Path) -> None:
    command = [sys.executable, "-c", CODE, str(talk(tmp_path / "clip.mp4", 4))]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    assert done.stdout.split() == []
