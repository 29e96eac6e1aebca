"""The report shows cross-fitted figures beside those of test where folds were built, and says nothing where none were."""

import dataclasses

import pytest
import reporting
from reporting import ROWS

from decant import paths
from decant.files import read_json, write_json
from decant.report import crossfitted
from decant.report.facts import Facts
from stages import report

FIGURES = {
    "macro_f1": 0.712,
    "macro_f1_low": 0.7,
    "macro_f1_high": 0.724,
    "accuracy": 0.8,
    "accuracy_low": 0.79,
    "accuracy_high": 0.81,
}
BUILT = {"folds": 5, "rows": "development", "n": 2550, "contestant": "student_int8"}


@pytest.fixture
def written(workspace, monkeypatch):
    """Metrics of demo with folds, and the pages made from them."""
    reporting.write("demo")
    test = read_json(paths.metrics("demo", "test"))
    everyone = {name: FIGURES for name, entry in test.items() if "accuracy" in entry and name != "probe"}
    write_json(paths.metrics("demo", "crossfit"), BUILT | everyone)
    monkeypatch.setattr(report, "draw", lambda facts: None)
    report.main("demo")
    return workspace


def facts(crossfit: dict) -> Facts:
    fields = {field.name: None for field in dataclasses.fields(Facts)}
    return Facts(**fields | {"metrics": {"crossfit": crossfit}})


def test_both_figures_stand_side_by_side_with_their_rows(written):
    text = paths.page("demo", "report").read_text(encoding="utf-8")
    part = text[text.index("## Cross-fitted") : text.index("class by class")]
    assert (
        f"{ROWS} test rows, and 2,550 rows of 5 folds (those of train, valid and calib; test has no part in it)" in part
    )
    assert "macro F1 on test" in part
    assert "0.712 (0.700 to 0.724)" in part
    assert "| probe |" not in part  # which has no figure there
    page = paths.page("demo", "report").with_suffix(".html").read_text(encoding="utf-8")
    assert '<a href="#crossfit">Cross-fitted</a>' in page
    assert "macro F1 cross-fitted" in page


def test_without_folds_there_is_no_such_section():
    assert crossfitted.crossfitted(facts({"folds": 0})) is None
    assert not crossfitted.built(facts({"folds": 0}))
