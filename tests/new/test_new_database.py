"""new: the URL of a database in place of a file; its rows are fetched, and the block names the query."""

import re
import shlex
import shutil
import sqlite3

import pytest
from commands import typed
from graph import ROOT
from newtask import ROWS, TASK, cycle, everything, refused, texts, tree

from decant.__main__ import main
from decant.settings.database import parsed
from decant.settings.params import read
from stages import prepare

SELECT = "SELECT id, text, kind FROM posts"
URL = f"sqlite:///shop.db?query={SELECT}"


@pytest.fixture
def shop(workspace):
    """shop.db with a table of posts, in the folder of params.yaml."""
    with sqlite3.connect("shop.db") as connection:
        connection.execute("CREATE TABLE posts (id INTEGER, text TEXT, kind TEXT, area TEXT)")
        rows = zip(range(ROWS), texts(), cycle("ham", "spam", "bot"), cycle("north", "south"), strict=True)
        connection.executemany("INSERT INTO posts VALUES (?, ?, ?, ?)", rows)
    connection.close()
    return workspace


def test_a_query_becomes_a_task_that_fetch_reads_again(shop, capsys):
    assert main(["new", URL, "--task", TASK]) == 0
    assert "python -m decant fetch --task mine" in capsys.readouterr().out
    source = tree(shop)[TASK]["source"]
    assert (source["files"], source["id"]) == ([URL], "id")
    file = shop / "data/raw/mine" / parsed(URL).file
    assert sorted(path.name for path in file.parent.iterdir()) == [file.with_suffix(".json").name, file.name]
    before = file.read_bytes()
    prepare.main(TASK)
    assert main(["fetch", "--task", TASK]) == 0
    assert f"{ROWS} rows of the query" in capsys.readouterr().out
    assert file.read_bytes() == before


def test_a_dry_run_of_a_query_writes_nothing(shop, capsys):
    before = everything(shop)
    assert main(["new", URL, "--task", TASK, "--dry-run"]) == 0
    assert everything(shop) == before
    assert f"files: ['{URL}']  # fetched into data/raw/mine" in capsys.readouterr().out


def test_a_question_about_a_query_ends_with_the_command_that_asks_it_again(shop, capsys):
    url = "sqlite:///shop.db?query=SELECT text, kind AS nature, area FROM posts"
    found = refused(shop, capsys, url, "--task", TASK)
    assert "label: area; nature could be meant" in found
    assert typed(shop, found) == 0
    assert "warning: no column is a unique id and the query has no ORDER BY" in capsys.readouterr().out
    assert read(TASK).source.files == [url]


def test_rows_that_lie_there_from_another_time_are_not_overwritten(shop, capsys):
    assert main(["new", URL, "--task", TASK]) == 0
    params = (shop / "params.yaml").read_text(encoding="utf-8")
    (shop / "params.yaml").write_text(params.partition("\nmine:")[0] + "\n", encoding="utf-8")
    with sqlite3.connect("shop.db") as connection:
        connection.execute("UPDATE posts SET kind = 'ham' WHERE id = 1")
    connection.close()
    found = refused(shop, capsys, URL, "--task", TASK)
    assert "is there already, with other rows of this query. Take it away: rm data/raw/mine/shop-" in found
    shutil.rmtree(shop / "data/raw/mine")
    assert typed(shop, found) == 0


# URL -> words of the error, and how its last command begins behind `new`
WRONG = {
    "sqlite:///shop.db": ("has no ?query=", "'sqlite:///shop.db?query=SELECT * FROM TABLE' "),
    f"sqlite:///shp.db?query={SELECT}": ("error: shp.db: no such file; mend sqlite:///FILE", "'sqlite:///shp.db?"),
    "sqlite:///shop.db?query=SELECT txt FROM posts": ("no such column: txt. Mend the query; it has posts (id, ", "'sqlite"),
    "sqlite:///shop.db?query=SELECT text FROM posts WHERE id < 0": ("the query gives no rows", "'sqlite:///shop.db?"),
    "sqlite:///shop.db?query=DELETE FROM posts": ("only a SELECT", "'sqlite:///shop.db?"),
    "sqlite:///shop.db?query=SELECT text FROM posts": ("sqlite:///shop.db: ", "'sqlite:///shop.db?"),
    "mysql://host/shop": ("mysql:// is no kind that can be read", "'sqlite:///FILE?query=SELECT * FROM TABLE' "),
    "https://example.org/t/rows.csv?raw=1": ("curl -L -o rows.csv 'https://example.org/t/rows.csv?raw=1' &&", "rows.csv "),
    "hf://owner/posts": ("Put its files into a folder, a file for each split", "FOLDER "),
    "postgresql://$NOBODY@localhost/shop?query=SELECT 1": ("no NOBODY, which the URL names; export it", "'postgresql://$N"),
}  # fmt: skip


@pytest.mark.bad_input
@pytest.mark.parametrize("url", WRONG)
def test_a_url_that_does_not_do_is_refused_with_the_command_that_comes_next(shop, capsys, url):
    words, begins = WRONG[url]
    found = refused(shop, capsys, url, "--task", TASK)
    assert words.removeprefix("sqlite:///shop.db: ") in found
    assert f"python -m decant new {begins}" in found
    assert "source." not in found


@pytest.mark.bad_input
@pytest.mark.parametrize("url", ["postgresql://me:hunter2@host/shop?query=SELECT 1",
                                 "postgresql://me@host/shop?password=hunter2&query=SELECT 1"])  # fmt: skip
def test_a_password_is_refused_and_said_nowhere(shop, capsys, url):
    found = refused(shop, capsys, url, "--task", TASK)
    assert "holds a password" in found
    assert "hunter2" not in found
    assert "$DB_PASSWORD@" in found.rpartition("python -m decant new ")[2]


def test_a_first_answer_takes_a_query_too(shop, capsys):
    assert main(["try", "sqlite:///shop.db?query=SELECT text, kind AS nature, area FROM posts"]) == 1
    assert (
        "python -m decant try 'sqlite:///shop.db?query=SELECT text, kind AS nature, area FROM posts' --label"
        in capsys.readouterr().err
    )


def test_the_commands_of_the_page_work_as_they_stand_there(shop):
    page = (ROOT / "docs/first-hour.md").read_text(encoding="utf-8")
    commands = re.search(r"^## A database$.*?```sh\n(.*?)```", page, re.MULTILINE | re.DOTALL)[1].splitlines()
    for command in commands:
        assert main(shlex.split(command)[3:]) == 0
    assert len(commands) == 2
