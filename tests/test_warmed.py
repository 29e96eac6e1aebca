"""A stage that a test starts warm ends as one that it starts cold: only its imports are there already."""

import pytest
from shell import run

STAGE = """
import os, sys
print("torch" in sys.modules, "decant" in sys.modules, os.getcwd(), sys.argv[1:], __name__, os.environ["DVC_STAGE"], flush=True)
{}
"""


@pytest.fixture
def both(tmp_path):
    """Runs a stage that ends with this line, warm and cold; what each left."""
    (tmp_path / "stages").mkdir()

    def start(line: str):
        (tmp_path / "stages/ends.py").write_text(STAGE.format(line))
        command, variables = ("python", "-m", "stages.ends", "a b"), {"DVC_STAGE": "ends"}
        return [run(tmp_path, *command, check=False, environment=variables, warm=warm) for warm in (True, False)]

    return start


@pytest.mark.parametrize(
    ("line", "status", "told"),
    [
        ("", 0, ""),
        ("sys.exit(3)", 3, ""),
        ("sys.exit('error: no')", 1, "error: no\n"),
        ("raise RuntimeError('planted')", 1, "RuntimeError: planted\n"),
        ("os.kill(os.getpid(), 9)", 137, ""),
    ],
    ids=["whole", "a status", "words", "an exception", "killed"],
)
def test_a_warm_stage_ends_as_a_cold_one(both, line, status, told):
    warm, cold = both(line)
    assert warm.stdout.startswith("True False ")
    assert cold.stdout.startswith("False False ")
    assert warm.stdout.removeprefix("True") == cold.stdout.removeprefix("False")
    assert warm.returncode == status
    assert cold.returncode % 256 == status or (cold.returncode, status) == (-9, 137)  # a shell's way to say killed by 9
    assert warm.stderr.endswith(told)
    assert cold.stderr.endswith(told)


def test_with_a_variable_that_a_library_may_read_it_starts_cold(tmp_path):
    (tmp_path / "stages").mkdir()
    (tmp_path / "stages/ends.py").write_text("import sys\nprint('torch' in sys.modules)\n")
    said = [
        run(tmp_path, "python", "-m", "stages.ends", environment=given).stdout for given in ({}, {"NLTK_DATA": "x"})
    ]
    assert said == ["True\n", "False\n"]
