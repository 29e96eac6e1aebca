"""Every command of the README, and of the pages that hold the rest of it, is run in a copy of the small road, in the order in
which somebody reads who follows its links; its table of results is compared with the metrics, both as git has them at HEAD."""

import csv
import json
import re
import shutil
from pathlib import Path

import committed
import pytest
from graph import ROOT
from ruamel.yaml import YAML
from shell import run

from decant.__main__ import main
from decant.files import digest
from stages import prepare, split
from stages.demo import generate

README = (ROOT / "README.md").read_text(encoding="utf-8")
LONGEST = 200  # lines of the README
LARGEST = 200_000  # bytes of a picture
PICTURE = re.compile(r"!\[[^\]]+\]\(([^)]+)\)")
FENCE = re.compile(r"^```(sh|python)\n(.*?)^```", flags=re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((docs/[\w-]+\.md)\)")
# what the README has no room for, and is typed in the same folder; pages with a folder of their own have a test of their own
REST = {name: (ROOT / name).read_text(encoding="utf-8")
        for name in ("docs/road.md", "docs/pull-requests.md", "docs/data.md")}  # fmt: skip


def in_order(readme: str, rest: dict[str, str]) -> list[tuple[str, str]]:
    """Language and text of each block; those of a page of the rest stand where the README first links to it."""
    found, left = [], dict(rest)
    for match in re.finditer(f"{FENCE.pattern}|{LINK.pattern}", readme, FENCE.flags):
        language, block, page = match.groups()
        found += [(language, block)] if language else FENCE.findall(left.pop(page, ""))
    return found


BLOCKS = in_order(README, REST)
COMMIT = "git add -A && git -c user.email=a@example.test -c user.name=a commit -qm readme"


@pytest.fixture(scope="module")
def copy(road, tmp_path_factory) -> Path:
    """The road, a stub of .venv, and the scam task's raw files served by a repository on this disk."""
    folder = tmp_path_factory.mktemp("readme") / "decant"
    shutil.copytree(road, folder, symlinks=True)
    without_reviews(folder / "params.yaml")
    (folder / ".venv/bin").mkdir(parents=True)
    (folder / ".venv/bin/activate").write_text("", encoding="utf-8")
    source = tmp_path_factory.mktemp("janitr") / "source"
    serve_scam(folder, source)
    write_reviews(folder / "reviews.csv")
    run(folder, "bash", "-ec", COMMIT)
    source.rename(source.with_name("away"))  # only the block that fetches may reach it: the rest must work offline
    return folder


def without_reviews(params: Path) -> None:
    """Take a block `reviews` out of params.yaml: who has followed the README has one, and its commands make it anew."""
    yaml = YAML()
    tree = yaml.load(params.read_text(encoding="utf-8"))
    if tree.pop("reviews", None) is not None:
        with params.open("w", encoding="utf-8") as file:
            yaml.dump(tree, file)


def serve_scam(folder: Path, source: Path) -> None:
    """Point the import files at a local repository with posts in the shape of the real ones."""
    source.mkdir()
    rows = generate(400, 5, 0.0)
    posts = [
        {
            "id": row["id"],
            "text": row["text"],
            "labels": (["promo"] if row["kind"] == "scam" else [])
            + (["topic_crypto"] if "crypto" in row["topics"] else []),
            "collected_at": row["time"],
            "url": f"https://x.com/{row['handle'][1:]}/status/1",
        }
        for row in rows
    ]
    parts = {"sample": posts, "train": posts[:240], "valid": posts[240:280], "holdout": posts[320:]}
    files = {}
    for pin in sorted((folder / "data/raw").glob("scam-*.dvc")):
        tree = YAML(typ="safe", pure=True).load(pin.read_text(encoding="utf-8"))
        file = source / tree["deps"][0]["path"]
        file.parent.mkdir(parents=True, exist_ok=True)
        name = pin.name.removeprefix("scam-").removesuffix(".jsonl.dvc")
        file.write_text("".join(json.dumps(row) + "\n" for row in parts[name]), encoding="utf-8")
        files[pin] = (tree, file)
    run(source, "git", "init", "-q")
    run(source, "bash", "-ec", COMMIT)
    commit = run(source, "git", "rev-parse", "HEAD").stdout.strip()
    for pin, (tree, file) in files.items():
        tree["deps"][0]["repo"] = {"url": str(source), "rev": commit, "rev_lock": commit}
        tree["outs"][0] |= {"md5": digest(file, "md5"), "size": file.stat().st_size}
        with pin.open("w", encoding="utf-8") as target:
            YAML().dump(tree, target)


def write_reviews(file: Path) -> None:
    """Posts as a table of somebody's own: id, review and stars, which follow what the post is about."""
    stars = {"scam": "1", "crypto": "3", "money": "4", "crypto|money": "5", "": "2"}
    rows = [
        [row["id"], row["text"], stars["scam" if row["kind"] == "scam" else row["topics"]]]
        for row in generate(300, 2, 0.0)
    ]
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([["id", "review", "stars"], *rows])


@pytest.mark.parametrize("index", range(len(BLOCKS)), ids=[block.strip().splitlines()[-1][:50] for _, block in BLOCKS])
def test_the_commands_of_the_readme_work(copy, index):
    kind, block = BLOCKS[index]
    if kind == "python":
        answer, words = run(copy, "python", "-c", block).stdout.splitlines()
        assert answer in {"scam", "crypto", "clean"}
        assert "'claim'" in words
        return
    # `make` would install, and `make test` would run this very test: here make says what it would do. A random
    # encoder earns no green verdict, so the two commands that refuse a red one may exit 1, and must say why.
    for line in block.strip().splitlines():
        source = Path(
            YAML(typ="safe").load((copy / "data/raw/scam-train.jsonl.dvc").read_text())["deps"][0]["repo"]["url"]
        )
        if line.startswith("dvc update"):
            source.with_name("away").rename(source)
        elif source.exists():
            source.rename(source.with_name("away"))
        command = line.replace("make ", "make --dry-run ") if line.startswith("make ") else line
        refused = "decant verdict" in line or "decant promote" in line
        done = run(copy, "bash", "-ec", command, check=not refused)
        assert done.returncode == 0 or "error: demo:" in done.stderr, line
    if "tasks: [scam]" in block:
        assert json.loads((copy / "metrics/scam/gate.json").read_text())["evidence"]["model_md5"]


def test_no_command_of_the_pages_that_hold_the_rest_is_left_out():
    texts = [README, *REST.values()]
    assert sorted(BLOCKS) == sorted(block for text in texts for block in FENCE.findall(text))
    assert all(FENCE.search(text) for text in texts)


def test_the_blocks_of_a_page_stand_once_where_it_is_first_named():
    first, second, page = "```sh\none\n```\n", "```sh\ntwo\n```\n", "```sh\nthree\n```\n"
    link = "More in [docs/road.md](docs/road.md).\n"
    said = in_order(f"{first}{link}{second}{link}", {"docs/road.md": page})
    assert [block for _, block in said] == ["one\n", "three\n", "two\n"]
    assert [block for _, block in in_order(first, {"docs/road.md": page})] == ["one\n"]


def test_every_other_page_with_commands_is_read_by_a_test():
    """That runs them; one of the rest is run here."""
    tests = "\n".join(
        file.read_text(encoding="utf-8") for file in ROOT.glob("tests/**/*.py") if "node_modules" not in file.parts
    )
    pages = [f"docs/{file.name}" for file in ROOT.glob("docs/*.md") if FENCE.search(file.read_text(encoding="utf-8"))]
    assert set(REST) <= set(pages)
    assert [page for page in pages if page not in REST and f'(ROOT / "{page}").read_text' not in tests] == []


def test_the_readme_has_at_most_200_lines_and_two_small_pictures():
    assert len(README.splitlines()) <= LONGEST
    pictures = PICTURE.findall(README)
    assert len(set(pictures)) == len(pictures) == README.count("![") == 2
    assert [name for name in pictures if not 10_000 < (ROOT / name).stat().st_size < LARGEST] == []


def test_the_readme_links_to_every_page():
    assert sorted({*LINK.findall(README)}) == sorted(f"docs/{file.name}" for file in ROOT.glob("docs/*.md"))


def test_the_block_of_the_readme_is_a_whole_task(workspace, inbox):
    """In the params.yaml of `inbox`, which holds no task of yours."""
    block = re.search(r"^```yaml\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)[1]
    with (workspace / "params.yaml").open("a", encoding="utf-8") as file:
        file.write("\n" + block)
    write_reviews(workspace / "data/raw/reviews/reviews.csv")
    assert main(["check"]) == 0
    prepare.main("reviews")
    split.main("reviews")
    splits = json.loads((workspace / "metrics/reviews/split.json").read_text())
    assert sum(splits[name]["n"] for name in ("train", "valid", "calib", "test")) == 300


def test_make_repro_and_make_test_run_what_the_readme_says(copy):
    assert "dvc repro" in run(copy, "make", "--dry-run", "repro").stdout
    assert "-m pytest" in run(copy, "make", "--dry-run", "test").stdout
    assert "make test" in (ROOT / ".ci/run").read_text(encoding="utf-8")


# task -> the measure that its reference published, and the reference's figure on these rows
MEASURES = {
    "demo": ("macro_f1", ""),
    "scam": ("macro_f1", ".850"),
    "toxicity": ("macro_f1", ".678"),
    "emotion": ("accuracy", ".540"),
    "feelings": ("micro_auc", ".904"),
    "goemotions": ("macro_f1", ".460"),
}


def test_the_results_of_the_readme_are_those_of_the_metrics_files(at_head):
    shown, measured = results(at_head)
    assert {"demo", "scam"} <= set(committed.tasks())
    assert shown == measured


@pytest.mark.parametrize(
    ("file", "pattern", "planted"),
    [
        ("README.md", r"(?m)^(\| `scam` \| )\d", r"\1X"),
        ("README.md", r"(?m)^\| `scam` \| \d.*\n", ""),
        ("metrics/scam/gate.json", r'"verdict": "\w+"', '"verdict": "grey"'),
    ],
    ids=["a figure", "no row", "a verdict in the metrics"],
)
def test_a_row_that_differs_from_the_metrics_is_seen(at_head, tmp_path, file, pattern, planted):
    shutil.copytree(at_head, tmp_path / "planted")
    changed, places = re.subn(pattern, planted, (at_head / file).read_text(encoding="utf-8"))
    (tmp_path / "planted" / file).write_text(changed, encoding="utf-8")
    shown, measured = results(tmp_path / "planted")
    assert places == 1
    assert shown[0] == measured[0]  # demo
    assert shown[1:2] != measured[1:2]


def results(folder: Path) -> tuple[list[str], list[str]]:
    """The rows of the README's table, and those that the metrics of the same folder give."""
    readme = (folder / "README.md").read_text(encoding="utf-8")
    table = readme.split("<!-- results -->")[1].split("<!-- /results -->")[0].strip().splitlines()
    built = [task for task in MEASURES if (folder / f"metrics/{task}/test.json").exists()]
    return table[2:], [row(folder / "metrics" / task) for task in built]


def row(folder: Path) -> str:
    """One line of the table, from metrics/<task>."""
    test, gate, size = (json.loads((folder / f"{name}.json").read_text()) for name in ("test", "gate", "quantize"))
    measure, published = MEASURES[folder.name]
    student = test["student_int8"]
    teacher = next(name for name in test if name.startswith("teacher_"))
    low, high = student[f"{measure}_low"], student[f"{measure}_high"]
    cells = [
        f"`{folder.name}`",
        f"{student['n']:,}",
        measure.replace("_", " ").replace("f1", "F1").replace("auc", "AUC"),
        published,
        *(f"{test[name][measure]:.3f}" for name in ("linear", teacher, "ensemble")),
        f"{student[measure]:.3f} ({low:.3f} to {high:.3f})",
        f"{size['bytes'] / 1e6:.1f} MB",
        gate["verdict"],
    ]
    return "| " + " | ".join(cells) + " |"
