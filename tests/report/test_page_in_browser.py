"""The page in a browser: it is whole, fits a phone and a desk, moves, opens ids by keyboard, and can be read in the dark."""

import chromium
import pandas as pd
import pytest
import reporting
from contrast import CONTRAST
from graph import ROOT
from playwright.sync_api import sync_playwright

from decant import paths
from stages import report

TASKS = ("demo", "feelings")  # three classes of which one has a cap; 18 labels of which any may hold
WIDTHS = (390, 1280)
SECTIONS = ["gates", "contestants", "differences", "summary", "thresholds", "classes", "confusion", "curves", "reliability",
            "subgroups", "efficiency", "calibration", "gap", "learning", "origin"]  # fmt: skip
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A working folder with the report of each task."""
    place = tmp_path_factory.mktemp("pages")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        (place / "params.yaml").write_bytes((ROOT / "params.yaml").read_bytes())
        for task in TASKS:
            reporting.write(task)
            report.main(task)
    return place


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium.binary(), args=chromium.FLAGS)
        yield started
        started.close()


@pytest.fixture
def opened(folder, browser):
    """Opens a page; what it complained of and what it asked for stands in `page.errors` and `page.asked`."""
    pages = []

    def open_page(task: str, width: int = 1280, scheme: str = "light"):
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        pages.append(page)
        page.errors, page.asked = [], []
        page.on("console", lambda message: page.errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.on("request", lambda request: page.asked.append(request.url))
        page.goto((folder / reporting.page(task)).as_uri())
        return page

    yield open_page
    for page in pages:
        page.close()


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_is_whole_needs_no_other_file_and_fits(opened, task, width):
    page = opened(task, width)
    assert page.errors == []
    assert len(page.asked) == 1
    assert page.evaluate("[...document.querySelectorAll('main > section')].map((part) => part.id)") == SECTIONS
    for everything in (False, True):
        page.evaluate(
            f"document.querySelectorAll('details').forEach((part) => (part.open = {str(everything).lower()}))"
        )
        assert page.evaluate(OVERFLOW) == 0
    wide = page.evaluate("[...document.querySelectorAll('.box')].some((box) => box.scrollWidth > box.clientWidth)")
    assert wide or width > 390  # wide tables scroll inside their own box
    assert page.locator("nav a").count() == len(SECTIONS)


def test_a_page_that_is_too_wide_is_seen(opened):
    page = opened("demo", 390)
    page.evaluate(
        "document.querySelector('main').insertAdjacentHTML('beforeend', '<p style=\"width:600px;max-width:none\">x</p>')"
    )
    assert page.evaluate(OVERFLOW) > 100


@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_of_all_tasks_fits(browser, width):
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.goto((ROOT / paths.leaderboard()).as_uri())
    assert page.evaluate(OVERFLOW) == 0
    assert page.locator("tbody tr").count() >= 2
    page.close()


@pytest.mark.parametrize("task", TASKS)
def test_a_slider_moves_its_figures_to_those_of_the_table(opened, folder, task):
    page = opened(task)
    block = page.locator(".slider:visible").first
    steps = pd.read_csv(folder / paths.plots(task) / "thresholds.csv")
    steps = steps[steps["label"] == block.get_attribute("data-label")].reset_index(drop=True)
    slide = block.locator("input")
    slide.focus()
    for key, row in (("Home", 0), ("ArrowRight", 1), ("End", len(steps) - 1)):
        page.keyboard.press(key)
        shown = {name: block.locator(f"[data-shows={name}]").first.inner_text() for name in ("recall", "fpr", "hits")}
        assert shown == {
            "recall": f"{steps['recall'][row]:.3f}", "fpr": f"{steps['fpr'][row]:.3f}", "hits": f"{steps['hits'][row]:,}",
        }  # fmt: skip
    block.locator("[data-reset]").click()
    shipped = (steps["threshold"] >= 0.5).sum() - 1
    assert block.locator("[data-shows=recall]").inner_text() == f"{steps['recall'][shipped]:.3f}"


def test_a_threshold_over_the_cap_says_so(opened):
    block = opened("demo").locator(".slider").first
    block.locator("input").focus()
    block.page.keyboard.press("Home")
    assert "over" not in block.get_attribute("class")
    block.page.keyboard.press("End")
    assert "over" in block.get_attribute("class")


def test_where_no_label_is_capped_one_of_them_is_chosen(opened):
    page = opened("feelings")
    assert page.locator(".slider:visible").count() == 1
    page.select_option("#which", label="calm")
    assert page.locator(".slider:visible").get_attribute("data-label") == "calm"


@pytest.mark.parametrize(("task", "pair"), [("demo", ("scam", "clean")), ("feelings", ("not calm", "calm"))])
def test_a_cell_opens_the_ids_of_its_rows_by_keyboard_and_closes(opened, folder, task, pair):
    page = opened(task)
    rows = pd.read_csv(folder / paths.plots(task) / "confusion.csv", dtype=str)
    ids = rows.loc[(rows["actual"] == pair[0]) & (rows["predicted"] == pair[1]), "id"].tolist()
    assert len(ids) > 0
    cell = page.locator(f"button.cell[aria-label^='{pair[0]}, answered {pair[1]}:']")
    cell.focus()
    page.keyboard.press("Enter")
    assert page.locator("#ids li").all_inner_texts() == ids
    assert cell.get_attribute("aria-expanded") == "true"
    assert page.evaluate("document.activeElement.id") == "ids"
    page.keyboard.press("Escape")
    assert page.locator("#ids").is_hidden()
    assert cell.evaluate("(button) => button === document.activeElement")


def test_the_tab_key_reaches_the_slider_the_cells_and_the_tables(opened):
    page = opened("demo")
    reached = set()
    for _ in range(90):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate(
                "document.activeElement.className || document.activeElement.type || document.activeElement.tagName"
            )
        )
    assert {"skip", "range", "cell", "box", "SUMMARY", "radio"} <= reached


def test_the_matrix_shows_shares_when_asked(opened):
    page = opened("demo")
    cell = page.locator("button.cell").first
    assert "%" not in cell.inner_text()
    page.check("input[value=share]")
    assert cell.inner_text().endswith("%")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("task", TASKS)
def test_every_text_can_be_read_in_both_schemes(opened, task, scheme):
    page = opened(task, scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach((part) => (part.open = true))")
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor") != "rgb(246, 247, 249)"
    assert dark == (scheme == "dark")
    found = page.evaluate(CONTRAST)
    assert len(found) > 300
    assert [pair for pair in found if pair[0] < 4.5] == []


def test_a_pale_text_is_seen(opened):
    page = opened("demo")
    page.evaluate("document.querySelector('h2').style.color = '#999'")
    assert [text for ratio, text in page.evaluate(CONTRAST) if ratio < 4.5] == ["Gates"]
