"""The page in use: on a phone and at a desk, by mouse, finger and keyboard, offline, after an update, with hostile labels."""

import csv

import pytest
import webpages
from contrast import CONTRAST
from playwright.sync_api import sync_playwright

from decant.data import formulas
from decant.deploy import browser

SIZES = ((390, 844), (1280, 860))
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
TEXT = "claim your airdrop now, hello btc"
LINES = "airdrop airdrop\nhello\n=1+1 btc\nairdrop now"
HOSTILE = "<script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">"
GOLDEN = [
    {"text": "hello", "ids": [], "logits": [], "answer": "clean"},
    {"text": "btc", "ids": [], "logits": [], "answer": "crypto"},
    {"text": "airdrop <b>", "ids": [], "logits": [], "answer": "crypto"},  # wrong on purpose: it is scam
]
MANY = [f"label {number}" for number in range(30)]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return webpages.tiny_bundle(tmp_path_factory.mktemp("made"))


@pytest.fixture(scope="module")
def site(made, tmp_path_factory):
    """Pages of the tiny bundle: as it is, with golden texts, with hostile labels."""
    folder, cache = tmp_path_factory.mktemp("site"), webpages.packages()
    scam = {"kind": "softmax", "labels": ["honest", HOSTILE]}
    rest = {
        "topic": {"kind": "sigmoid", "labels": ["crypto", "money"]},
        "urgency": {"kind": "regression", "labels": []},
    }
    hostile = {"task": HOSTILE, "heads": {HOSTILE: scam, **rest}, "thresholds": {HOSTILE: 0.9},
               "decision": {"rule": "priority", "order": [HOSTILE], "otherwise": "=clean"}}  # fmt: skip
    tasks = {"plain": {}, "golden": {"golden": GOLDEN}, "hostile": hostile}
    for name, keys in tasks.items():
        browser.build(webpages.changed(made, folder / f"{name}-bundle", **keys), folder / "site" / name, cache)
    with webpages.served(folder / "site") as address:
        yield address


@pytest.fixture(scope="module")
def started():
    with sync_playwright() as playwright:
        opened = webpages.launched(playwright)
        yield opened
        opened.close()


def complaint(message) -> bool:
    return message.type in ("error", "warning") and "blocked by Playwright" not in message.text


@pytest.fixture
def visit(started, site):
    """Opens a page as somebody new; what it complained of and asked for stands in `page.errors` and `page.asked`."""
    contexts = []

    def open_page(
        name: str = "plain", size: tuple = SIZES[1], address: str = site, ready: str = "[data-ready]", **more
    ):
        width, height = size
        if "offline" not in ready:
            more |= {"service_workers": "block"}  # what is kept for reading offline takes a second
        contexts.append(started.new_context(viewport={"width": width, "height": height}, **more))
        page = contexts[-1].new_page()
        page.errors, page.asked = [], []
        page.on(
            "console",
            lambda message: page.errors.append(message.text) if complaint(message) else None,
        )
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        contexts[-1].on("request", lambda request: page.asked.append(request.url))
        page.goto(f"{address}{name}/")
        page.wait_for_selector(f"html{ready}")
        return page

    yield open_page
    for context in contexts:
        context.close()


def read(page, text: str) -> str:
    """The answer to a text, once its words are there too."""
    page.fill("#text", "")
    page.fill("#text", text)
    page.wait_for_selector("#words:not([hidden])[aria-busy=false]")
    return page.inner_text("#given")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES, ids=lambda size: str(size[0]))
def test_the_page_fits_is_legible_and_asks_no_other_host(visit, site, size, scheme):
    page = visit(size=size, color_scheme=scheme, ready="[data-ready][data-offline]")
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor") != "rgb(246, 247, 249)"
    assert dark == (scheme == "dark")
    for content in ("", TEXT, LINES, "x" * 5000, "\n".join([HOSTILE * 20, "a" * 900])):
        page.fill("#text", content)
        if content:
            page.wait_for_selector("#words:not([hidden])[aria-busy=false]")
        page.wait_for_timeout(200)  # colours fade in
        assert page.evaluate(OVERFLOW) == 0, content[:20]
        found = page.evaluate(CONTRAST)
        assert len(found) > 15
        assert [pair for pair in found if pair[0] < 4.5] == [], content[:20]
    assert page.errors == []
    assert {url for url in page.asked if not url.startswith(f"{site}plain/")} == set()
    assert len(page.asked) > 10


def test_a_page_that_is_too_wide_is_seen(visit):
    page = visit(size=SIZES[0])
    page.evaluate("document.getElementById('task').style.width = '600px'")
    assert page.evaluate(OVERFLOW) > 100


def test_answer_bars_and_tokens_are_shown_and_said_aloud(visit):
    page = visit()
    assert page.inner_text("#given") == "waiting for a text"
    assert read(page, "airdrop airdrop") == "scam"
    assert page.inner_text("#why") == "0.998 reaches the threshold 0.900"
    assert page.inner_text("#aloud") == "scam: 0.998 reaches the threshold 0.900"
    assert page.get_attribute("#aloud", "aria-live") == "polite"
    assert page.locator(".bars li").all_inner_texts() == [
        "honest\n0.002", "scam\n0.998", "crypto\n0.119", "money\n0.119"
    ]  # fmt: skip
    assert page.locator(".reached .label").all_inner_texts() == ["scam"]
    assert page.locator(".number").all_inner_texts() == ["0.25"]
    assert page.inner_text("#facts").startswith("4 tokens, ")
    read(page, "airdrop " * 60)
    assert page.inner_text("#facts").endswith(" ms; the last 14 tokens are not read")
    assert read(page, "hello") == "clean"
    assert page.inner_text("#why") == "no label reaches its threshold"
    page.click("#clear")
    assert page.inner_text("#given") == "waiting for a text"
    assert page.is_hidden("#words")


def test_words_are_marked_for_and_against(visit):
    page = visit()
    read(page, "airdrop btc hello")
    page.get_by_label("threshold of scam").fill("1")
    page.wait_for_selector("#words[aria-busy=false]")
    assert page.inner_text("#moved") == "What moved it to crypto"
    kinds = {mark.inner_text(): mark.get_attribute("class") for mark in page.locator("#read mark").all()}
    assert kinds == {"airdrop": "against", "btc": "for", "hello": "for"}
    assert page.locator("#movers .label").all_inner_texts() == ["airdrop", "btc"]


def thumb(page, label: str) -> tuple[float, float, float]:
    """Where a mark is, and how wide its bar."""
    track = page.get_by_label(f"threshold of {label}").locator("..").bounding_box()
    value = float(page.get_by_label(f"threshold of {label}").input_value())
    return track["x"] + value * track["width"], track["y"] + track["height"] / 2, track["width"]


def test_a_mark_lies_at_its_threshold_and_is_dragged_with_the_mouse(visit):
    page = visit()
    assert read(page, "airdrop") == "clean"
    x, y, width = thumb(page, "scam")
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 0.2 * width, y, steps=5)
    page.mouse.up()
    moved = float(page.get_by_label("threshold of scam").input_value())
    assert moved == pytest.approx(0.7, abs=0.02)
    assert page.inner_text("#given") == "scam"
    page.click("#reset")
    assert page.inner_text("#given") == "clean"
    assert page.get_by_label("threshold of scam").input_value() == "0.9"
    assert page.is_hidden("#reset")


def test_the_bar_beside_a_mark_moves_nothing(visit):
    page = visit()
    read(page, "airdrop")
    x, y, width = thumb(page, "scam")
    page.mouse.click(x - 0.5 * width, y)
    assert page.get_by_label("threshold of scam").input_value() == "0.9"


def test_a_mark_is_dragged_with_a_finger(visit):
    page = visit(size=SIZES[0], has_touch=True, is_mobile=True)
    read(page, "airdrop")
    page.get_by_label("threshold of scam").scroll_into_view_if_needed()
    x, y, width = thumb(page, "scam")
    tools = page.context.new_cdp_session(page)
    for kind, at in (
        ("touchStart", x),
        ("touchMove", x - 0.1 * width),
        ("touchMove", x - 0.3 * width),
        ("touchEnd", None),
    ):
        tools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [] if at is None else [{"x": at, "y": y}]})
    assert page.inner_text("#given") == "scam"
    assert float(page.get_by_label("threshold of scam").input_value()) == pytest.approx(0.6, abs=0.06)


def test_everything_can_be_done_by_keyboard(visit):
    page = visit("golden")
    assert tabbed(page, 2) == ["example", "text"]
    page.keyboard.type("airdrop")
    page.wait_for_selector("#words:not([hidden])[aria-busy=false]")
    assert page.inner_text("#given") == "clean"
    bar = page.get_by_label("threshold of scam").locator("..")
    before = bar.screenshot()
    assert tabbed(page, 1) == ["threshold of scam"]
    assert bar.screenshot() != before  # whoever has no mouse sees which mark is held
    mark = page.locator(":focus")
    assert mark.get_attribute("aria-valuetext") == "0.900, scam is below"
    for key in ("PageDown", "PageDown", "ArrowLeft"):
        page.keyboard.press(key)
    assert mark.get_attribute("aria-valuetext") == "0.699, scam reaches it"
    assert page.inner_text("#given") == "scam"
    assert tabbed(page, 2) == ["threshold of crypto", "reset"]
    page.keyboard.press("Enter")
    assert page.inner_text("#given") == "clean"
    page.focus("#text")
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    page.keyboard.type("hello now")
    page.wait_for_selector("#save:enabled")
    picks = ["airdrop", "hello now"]
    marks = ["threshold of scam", "threshold of crypto"]
    assert tabbed(page, 8) == ["lines", *marks, "save", "answers of all texts", *picks, "golden-said"]
    page.locator(".pick").nth(1).focus()
    page.keyboard.press("Enter")
    assert page.get_attribute(".pick >> nth=1", "aria-pressed") == "true"
    page.locator("#save").focus()
    with page.expect_download():
        page.keyboard.press("Enter")


def tabbed(page, times: int) -> list[str]:
    """What the tab key reaches, by its id or name."""
    found = []
    for _ in range(times):
        page.keyboard.press("Tab")
        found.append(
            page.evaluate(
                "(({id, ariaLabel, name, innerText}) => id || ariaLabel || name || innerText)(document.activeElement)"
            )
        )
    return found


def test_controls_have_names(visit):
    page = visit("golden")
    page.fill("#text", LINES)
    page.wait_for_selector("#save:enabled")
    names = page.locator(
        "button:visible, input:visible, textarea:visible, progress:visible, [role=region]"
    ).evaluate_all("(all) => all.map((one) => one.ariaLabel || one.labels?.[0]?.innerText || one.innerText)")
    assert len(names) > 10
    assert all(name.strip() for name in names)


def test_lines_are_texts_of_their_own_unless_one_text_is_meant(visit):
    page = visit()
    page.fill("#text", LINES)
    page.wait_for_selector("#save:enabled")
    assert page.inner_text("#count") == "4 texts, one a line"
    assert page.locator("#body td:nth-child(2)").all_inner_texts() == ["scam", "clean", "crypto", "clean"]
    assert page.locator("#tally .chip").all_inner_texts() == ["clean 2", "scam 1", "crypto 1"]
    assert page.inner_text("#given") == "scam"
    page.click("text==1+1 btc")
    assert page.inner_text("#given") == "crypto"
    page.get_by_label("threshold of scam").fill("0.7")
    assert page.locator("#body td:nth-child(2)").all_inner_texts() == ["scam", "clean", "crypto", "scam"]
    assert page.inner_text("#given") == "crypto"
    page.check("input[value=one]")
    page.wait_for_selector("#rows", state="hidden")
    assert page.inner_text("#given") == "scam"
    assert page.inner_text("#facts").startswith("12 tokens, ")


def test_cells_of_the_download_are_no_formulas_and_lines_keep_their_commas(visit, tmp_path):
    texts = [
        '=HYPERLINK("x","y")',
        "+1 btc",
        "-2",
        "@SUM(A1)",
        "  =1",
        "\uff1d1",
        'a "quoted", text',
        "hello",
        "'quoted",
    ]
    page = visit()
    page.fill("#text", "\n".join(texts))
    page.wait_for_selector("#save:enabled")
    with page.expect_download() as download:
        page.click("#save")
    download.value.save_as(tmp_path / "rows.csv")
    content = (tmp_path / "rows.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbftext,answer,scam.honest")
    rows = list(csv.reader(content.decode("utf-8-sig").splitlines()))
    assert [row[0] for row in rows[1:]] == [formulas.marked(text) for text in texts]
    assert [row[0][0] == "'" for row in rows[1:]] == [True, True, False, True, True, True, False, False, True]
    assert len({len(row) for row in rows}) == 1
    assert all(float(cell) >= 0 for row in rows[1:] for cell in row[2:])


def test_labels_and_texts_are_shown_and_never_run(visit, tmp_path):
    page = visit("hostile")
    assert page.title() == f"{HOSTILE}: classifier"
    assert page.inner_text("#task") == HOSTILE
    assert read(page, f"airdrop airdrop {HOSTILE}") == HOSTILE
    assert page.inner_text("#read") == f"airdrop airdrop {HOSTILE}"
    page.fill("#text", f"airdrop airdrop\n{HOSTILE}")
    page.wait_for_selector("#save:enabled")
    assert page.locator("#body td").all_inner_texts()[0:2] == ["airdrop airdrop", HOSTILE]
    page.wait_for_timeout(100)
    assert page.title() == f"{HOSTILE}: classifier"
    assert page.evaluate("document.querySelectorAll('main script, main img, footer script, h1 *').length") == 0
    assert page.errors == []
    with page.expect_download() as download:
        page.click("#save")
    download.value.save_as(tmp_path / "rows.csv")
    rows = list(csv.reader((tmp_path / "rows.csv").read_text(encoding="utf-8-sig").splitlines()))
    assert [row[1] for row in rows[1:]] == [HOSTILE, "'=clean"]


def test_golden_texts_are_answered_again_and_those_that_differ_named(visit):
    page = visit("golden")
    page.wait_for_selector("#golden:not([hidden])")
    assert page.inner_text("#golden-said").startswith("2 of 3 texts that came with the classifier are answered here")
    page.click("#golden-said")
    assert page.locator("#golden-differ li").all_inner_texts() == ["crypto, here clean: airdrop <b>"]
    page.click("#example")
    assert page.input_value("#text") == "hello"
    page.click("#example")
    assert page.input_value("#text") == "btc"
    assert visit("plain").is_hidden("#golden")


@pytest.fixture
def own(made, tmp_path):
    """A site with a page of its own, which the test may change."""
    browser.build(made, tmp_path / "site/page", webpages.packages())
    return tmp_path / "site"


def test_the_page_answers_without_a_network_after_the_first_visit(visit, own):
    with webpages.served(own) as address:
        page = visit("page", address=address, ready="[data-ready][data-offline]")
        assert page.inner_text("#state") == "Ready, also without a network."
    page.goto("about:blank")
    page.goto(f"{address}page/")
    page.wait_for_selector("html[data-ready]")
    assert read(page, "airdrop airdrop") == "scam"
    assert page.errors == []
    page.goto(f"{address}page/index.html")
    page.wait_for_selector("html[data-ready]")


def kept(page) -> list[str]:
    """What the browser keeps of the page, by name."""
    urls = page.evaluate(
        """async () => {
          const all = await Promise.all((await caches.keys()).map(async (name) => (await (await caches.open(name)).keys())));
          return all.flat().map(({ url }) => url);
        }"""
    )
    return sorted(url.split("/page/")[1].split("?")[0] for url in urls)


def test_a_newer_bundle_takes_the_place_of_the_kept_one(visit, made, own, tmp_path):
    files = sorted(name for name in browser.found(own / "page") if name != "version.js")
    with webpages.served(own) as address:
        page = visit("page", address=address, ready="[data-ready][data-offline]")
        assert kept(page) == files
        newer = webpages.changed(made, tmp_path / "newer", thresholds={"scam": 0.999, "crypto": 0.6})
        browser.build(newer, own / "page", webpages.packages())
        page.reload()
        page.wait_for_selector("#state button")
        assert page.inner_text("#state") == "There is a newer classifier. Load it"
        page.click("#state button")
        page.wait_for_selector("html[data-ready]")
        assert page.get_by_label("threshold of scam").input_value() == "0.999"
        assert read(page, "airdrop airdrop") == "clean"
        assert kept(page) == files  # the old ones are gone


def test_a_half_copied_page_keeps_the_one_that_works(visit, made, own, tmp_path):
    with webpages.served(own) as address:
        page = visit("page", address=address, ready="[data-ready][data-offline]")
        newer = webpages.changed(made, tmp_path / "newer", thresholds={"scam": 0.999, "crypto": 0.6})
        browser.build(newer, own / "page", webpages.packages())
        (own / "page/bundle/decant.json").write_text("{", encoding="utf-8")
        page.reload()
        page.wait_for_selector("html[data-ready]")
        assert page.evaluate(
            """async () => {
              const found = await navigator.serviceWorker.getRegistration();
              await found.update().catch(() => {});
              const next = found.installing;
              if (next) await new Promise((done) => next.addEventListener("statechange", () => next.state === "redundant" && done()));
              return [found.waiting, found.installing];
            }"""
        ) == [None, None]
        assert page.get_by_label("threshold of scam").input_value() == "0.9"
        page.reload()
        page.wait_for_selector("html[data-ready]")
        assert read(page, "airdrop airdrop") == "scam"


@pytest.mark.parametrize("name", ["tokenizer.json", "onnx/model_quantized.onnx"])
def test_a_file_that_is_not_the_bundles_is_named(visit, own, name):
    file = own / "page/bundle" / name
    file.write_bytes(file.read_bytes() + b" ")
    with webpages.served(own) as address:
        page = visit("page", address=address, ready="")
        page.wait_for_selector("#state.bad")
        assert page.inner_text("#state") == (
            f"The classifier stops here. bundle/{name}: not the file that decant.json lists. Copy the whole folder again."
        )
        file.unlink()
        page.reload()
        page.wait_for_selector("#state.bad")
        assert f"bundle/{name}: status 404" in page.inner_text("#state")


def test_many_labels_are_sorted_and_folded(visit):
    described = {"feeling": {"kind": "sigmoid", "labels": MANY}}
    page = visit()
    page.evaluate(
        """async ([described, shipped]) => {
          const { bars } = await import("./view.js");
          const { layout } = await import("./decision.js");
          const own = new Map(Object.entries(shipped));
          const draw = bars(document.getElementById("heads"), layout(described), own, () => {});
          draw(Array.from({ length: 30 }, (_, place) => place / 30), own);
        }""",
        [described, dict.fromkeys(MANY, 0.5)],
    )
    many = page.locator(".head").last
    assert many.locator("li:visible .label").all_inner_texts() == [f"label {number}" for number in range(29, 21, -1)]
    many.locator("button").click()
    assert many.locator("li:visible").count() == 30
    assert many.locator("button").get_attribute("aria-expanded") == "true"
    assert page.evaluate(OVERFLOW) == 0
