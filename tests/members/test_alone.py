"""A contestant by itself answers as it does among all, and a fresh process of the shipped one carries nothing else."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import timed
from graph import ROOT

from decant import paths
from decant.keys import STUDENT_INT8
from decant.members import alone, ensemble, speed
from decant.runtime import Bundle
from decant.shipped.model import Model


@pytest.fixture
def recipes(workspace, texts) -> dict[str, dict]:
    timed.write(workspace, texts[:30])
    return alone.recipes("demo", [timed.ENCODER], [13], True, timed.ENCODER, STUDENT_INT8, timed.LENGTH, None, 1)


def test_everyone_has_a_recipe_that_json_holds(recipes):
    assert list(recipes) == [
        "linear",
        "probe",
        "probe_adapted",
        "teacher_tiny_13",
        "student_torch",
        "student",
        STUDENT_INT8,
    ]
    assert json.loads(json.dumps(recipes)) == recipes
    assert "probe_adapted" not in alone.recipes(
        "demo", [timed.ENCODER], [13], False, timed.ENCODER, STUDENT_INT8, timed.LENGTH, None, 1
    )


@pytest.mark.parametrize("name", ["linear", "probe", "teacher_tiny_13", "student_torch", "student", STUDENT_INT8])
def test_an_opened_contestant_answers_as_where_all_are_scored(recipes, texts, name):
    given = texts[:7]
    expected = {
        "linear": lambda: ensemble.linear_logits("demo", given),
        "probe": lambda: ensemble.probe_logits("demo", "probe", given, timed.ENCODER, timed.LENGTH),
        "teacher_tiny_13": lambda: ensemble.teacher_logits(paths.teacher("demo", "tiny", 13), given, timed.LENGTH, "")[
            0
        ],
        "student_torch": lambda: ensemble.teacher_logits(paths.student("demo"), given, timed.LENGTH, "")[0],
        "student": lambda: Model(paths.onnx("demo"), paths.student("demo") / "tokenizer.json", timed.LENGTH).logits(
            given
        ),
        STUDENT_INT8: lambda: Bundle(paths.bundle("demo")).logits(given),
    }[name]()
    answer = alone.opened(recipes[name])
    assert np.allclose(answer(given), expected, atol=1e-5)
    assert np.allclose(np.concatenate([answer([text]) for text in given]), expected, atol=1e-5)


def test_a_fresh_process_of_the_shipped_model_has_no_torch_in_it(recipes):
    code = (
        "import json, sys; from decant.members import alone; alone.opened(json.loads(sys.argv[1]))(['hello']); "
        "print(*[name for name in ('torch', 'transformers', 'sklearn', 'pandas') if name in sys.modules])"
    )
    command = [
        sys.executable,
        "-c",
        code,
        json.dumps(recipes[STUDENT_INT8] | {"folder": str(paths.bundle("demo").resolve())}),
    ]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == ""


def test_a_fresh_process_reports_its_own_memory_and_not_its_parents(recipes, texts, monkeypatch):
    """Linux starts a child's ru_maxrss at what its parent holds."""
    held = np.ones(60_000_000)  # 480 MB
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    one = speed.Contestant(recipes[STUDENT_INT8], len, pd.Series(texts[:3]))
    said = speed.fresh(one, 2)
    assert set(said) == {"cold_start_s", "peak_memory_mb"}
    assert 20 < said["peak_memory_mb"] < held.nbytes / 1e6
    assert said["cold_start_s"] > 0
