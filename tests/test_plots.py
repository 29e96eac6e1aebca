"""metrics/dvc.yaml, plots: each names a template and columns that are there, and draws one series per label, split or model."""

import csv
import json
from pathlib import Path

import committed
import pytest
from dvc_render.vega import VegaRenderer
from graph import ROOT
from ruamel.yaml import YAML

TEMPLATES = ROOT / ".dvc/plots"
SERIES = {"label", "split", "model", "of"}  # columns that say which series a row of a table belongs to
ADDED = "rev"  # the revision, which dvc adds to each row
LISTED = YAML(typ="safe", pure=True).load((ROOT / "metrics/dvc.yaml").read_text(encoding="utf-8"))["plots"]
TASKS = committed.tasks()  # a task of your own may have no figures yet
PLOTS = {name: plot for entry in LISTED for name, plot in entry.items() if name.split()[0] in TASKS}


def table(folder: Path, plot: dict) -> list[dict[str, str]]:
    """The rows that the plot draws, as dvc reads them: all text."""
    (file,) = plot["y"]
    with (folder / "metrics" / file).open(encoding="utf-8", newline="") as stream:
        return [row | {ADDED: "workspace"} for row in csv.DictReader(stream)]


def filled(rows: list[dict], plot: dict, name: str = "plot") -> dict:
    """The template with the rows in it, by the renderer of dvc. It fails where x or y is no column."""
    (y,) = plot["y"].values()
    chosen = {"template": plot["template"], "template_dir": str(TEMPLATES), "x": plot["x"], "y": y, "title": name}
    return VegaRenderer(rows, name, **chosen).get_filled_template()


def walk(node: object):
    """Each mapping in a template, the outer ones first; the rows that are drawn are none of it."""
    if isinstance(node, dict):
        yield node
        for key, value in node.items():
            if key != "data":
                yield from walk(value)
    elif isinstance(node, list):
        for value in node:
            yield from walk(value)


def fields(template: dict) -> set[str]:
    """Columns that a filled template reads, without those that it makes itself."""
    named = {node["field"] for node in walk(template) if isinstance(node.get("field"), str)}
    named |= {name for node in walk(template) for name in node.get("groupby", [])}
    named |= set(template["data"].get("format", {}).get("parse", {}))
    made = {node["as"] for node in walk(template) if isinstance(node.get("as"), str)}
    own = {
        name
        for node in walk(template.get("spec", {}))
        if "data" in node
        for row in node["data"]["values"]
        for name in row
    }
    return named - made - own


def channels(template: dict) -> dict[str, str]:
    """Channel that keeps series apart -> its column."""
    apart = ("facet", "column", "color", "yOffset", "strokeDash")
    return {
        name: node[name]["field"]
        for node in walk(template)
        for name in apart
        if isinstance(node.get(name), dict) and "field" in node[name]
    }


def mixed(rows: list[dict], plot: dict, template: dict) -> list[str]:
    """What is wrong with the series of a plot: a line that runs back, or bars at one place, which would be added up."""
    (y,) = plot["y"].values()
    kept = sorted(SERIES & set(channels(template).values()))
    marks = {
        node["mark"]["type"] if isinstance(node["mark"], dict) else node["mark"]
        for node in walk(template)
        if "mark" in node
    }
    order = next((node["order"]["field"] for node in walk(template) if isinstance(node.get("order"), dict)), None)
    series: dict[tuple, list[dict]] = {}
    for row in rows:
        series.setdefault(tuple(row[key] for key in kept), []).append(row)
    wrong = []
    for key, part in series.items():
        if "bar" in marks:
            places = [row[y] for row in part]
            wrong += (
                [f"{key}: {len(places)} bars in {len(set(places))} places"] if len(set(places)) < len(places) else []
            )
        elif order:
            steps = [float(row[plot["x"]]) for row in sorted(part, key=lambda row: float(row[order]))]
            wrong += [f"{key}: {plot['x']} runs back"] if steps != sorted(steps, reverse=True) else []
        else:
            steps = [float(row[plot["x"]]) for row in part]
            wrong += [f"{key}: {plot['x']} repeats"] if len(set(steps)) < len(steps) else []
    return wrong


@pytest.mark.parametrize("name", PLOTS)
def test_a_plot_reads_columns_that_its_table_has_and_leaves_no_anchor(at_head, name):
    rows = table(at_head, PLOTS[name])
    template = filled(rows, PLOTS[name], name)
    assert fields(template) <= set(rows[0]), name
    assert template["data"]["values"] == rows
    assert template["title"]["text"] == name
    assert "<DVC_" not in json.dumps({key: value for key, value in template.items() if key != "data"})


@pytest.mark.parametrize("name", [name for name in PLOTS if not name.endswith(("confusion", "hits"))])
def test_each_series_of_a_plot_is_drawn_by_itself(at_head, name):
    rows = table(at_head, PLOTS[name])
    template = filled(rows, PLOTS[name], name)
    assert SERIES & set(rows[0]) - {next(iter(PLOTS[name]["y"].values()))} <= set(channels(template).values())
    assert mixed(rows, PLOTS[name], template) == []


@pytest.mark.parametrize(
    ("name", "template"),
    [
        ("demo precision and recall", "simple"),
        ("demo epochs", "linear"),
        ("demo tokens", "scatter"),
        ("demo labels", "bar_horizontal"),
    ],
)
def test_the_templates_of_dvc_would_mix_series(at_head, name, template):
    """Else the check above could not fail."""
    plot = PLOTS[name] | {"template": template}
    rows = table(at_head, plot)
    assert mixed(rows, plot, filled(rows, plot))


def test_a_column_that_is_not_there_is_seen(at_head):
    plot = PLOTS["demo epochs"] | {"template": "curve_by_label"}
    rows = table(at_head, plot)
    assert "label" in fields(filled(rows, plot)) - set(rows[0])


@pytest.mark.parametrize("name", PLOTS)
def test_two_revisions_can_be_told_apart(at_head, name):
    rows = table(at_head, PLOTS[name])[:5]
    assert ADDED in channels(filled(rows, PLOTS[name])).values()


def test_reliability_has_its_diagonal_and_bars_are_not_stacked(at_head):
    reliability = filled(table(at_head, PLOTS["demo reliability"]), PLOTS["demo reliability"])
    drawn = [layer["data"]["values"] for layer in reliability["spec"]["layer"] if "data" in layer]
    assert [[tuple(point.values()) for point in line] for line in drawn] == [[(0, 0), (1, 1)]]
    for name in ("demo labels", "feelings hits"):
        bars = filled(table(at_head, PLOTS[name]), PLOTS[name])["spec"]["encoding"]
        assert bars["x"]["stack"] is None
        assert bars["yOffset"]["field"] == bars["color"]["field"]


def test_tasks_of_several_labels_show_hits_and_the_others_confusion(at_head):
    for name, plot in PLOTS.items():
        if name.endswith(("confusion", "hits")):
            several = any(row["actual"].startswith("not ") for row in table(at_head, plot))
            assert name.endswith("hits") == several, name
            assert plot["template"] == ("hits_by_label" if several else "confusion_shares")


def test_each_template_is_used():
    assert {file.stem for file in TEMPLATES.glob("*.json")} == {plot["template"] for plot in PLOTS.values()}
