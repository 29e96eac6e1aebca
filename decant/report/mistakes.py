"""Who was taken for whom, each cell with the ids of its rows. Texts are on no page that git holds: `python -m decant look`."""

import pandas as pd

from decant.report.facts import MANY, Facts
from decant.report.markup import Html, chip, note, number, section, table, tag

MOST_IDS = 300  # of a cell on the page: 4,525 rows of three classes are 100 kB of ids
DEEPEST = 45  # percent of colour in a cell: the same ink can be read on all of them, in the light and in the dark
TOP = 8  # mistakes in the list of the most frequent ones
NOT = "not "


def pairs(facts: Facts) -> dict[tuple[str, str], list[str]]:
    """(actual, predicted) -> ids, in the order of the rows; 'not X' for a label that does not hold or was not said."""
    rows = facts.plots["confusion"].astype(str)
    return {pair: part["id"].tolist() for pair, part in rows.groupby(["actual", "predicted"], sort=False)}


def cells(found: dict[tuple[str, str], list[str]]) -> dict[str, dict]:
    """What the page's script opens: place of a cell -> its title, its ids (MOST_IDS at most) and their number."""
    return {
        str(place): {"title": f"{actual}, answered {predicted}", "ids": ids[:MOST_IDS], "n": len(ids)}
        for place, ((actual, predicted), ids) in enumerate(found.items())
    }


def opener(found: dict[tuple[str, str], list[str]], pair: tuple[str, str], *shown: object) -> Html:
    """A cell's button; a number that no row stands behind is no button."""
    if pair not in found:
        return tag("span", "0", class_="none")
    place = list(found).index(pair)
    words = f"{pair[0]}, answered {pair[1]}: {len(found[pair]):,} rows, show their ids"
    return tag("button", *shown, type="button", class_="cell", data_cell=place, aria_expanded="false", aria_label=words)


def confusion(facts: Facts, found: dict[tuple[str, str], list[str]]) -> Html:
    """The matrix, or a line per label where any may hold; the most frequent mistakes; the ids that a cell opens."""
    blocks = by_label(facts, found) if facts.several else matrix(facts, found)
    ids = tag("div", class_="ids", id="ids", tabindex=-1, hidden=True, aria_live="polite")
    return section(
        "confusion",
        "Confusion",
        note(
            "Rows by what they are and what was answered. A number opens the ids of its rows; their texts are not on this "
            "page, ",
            tag("code", f"python -m decant look --task {facts.task}"),
            " writes a local one that has them.",
        ),
        *blocks,
        ids,
        tag("h3", "Most frequent mistakes"),
        table(frequent(found, facts.several), "Most frequent mistakes", ("answered",)),
    )


def matrix(facts: Facts, found: dict[tuple[str, str], list[str]]) -> list[Html]:
    """Counts and shares of the actual class, one at a time."""
    names = list(facts.labels.values())
    support = {name: sum(len(ids) for pair, ids in found.items() if pair[0] == name) for name in names}
    head = tag("tr", tag("th", "is \N{RIGHTWARDS ARROW} answered", scope="col"),
               *(tag("th", tag("span", name), scope="col") for name in names), tag("th", "rows", scope="col"))  # fmt: skip
    lines = []
    for actual in names:
        row = []
        for predicted in names:
            count = len(found.get((actual, predicted), ()))
            share = count / max(support[actual], 1)
            shown = (tag("span", number(count), class_="raw"), tag("span", f"{share:.0%}", class_="share"))
            kind = "right" if actual == predicted else "wrong"
            cell = opener(found, (actual, predicted), *shown)
            row.append(tag("td", cell, class_=kind, style=f"--s:{share * DEEPEST:.0f}%"))
        lines.append(tag("tr", tag("th", actual, scope="row"), *row, tag("td", number(support[actual]), class_="sum")))
    grid = tag(
        "table", tag("thead", head), tag("tbody", *lines), class_=f"matrix{' many' if len(names) > MANY else ''}"
    )
    return [
        tag(
            "fieldset",
            tag("legend", "Show"),
            *(
                tag("label", tag("input", type="radio", name="matrix", value=kind, checked=kind == "raw"), words)
                for kind, words in (("raw", " rows"), ("share", " shares of each row"))
            ),
            class_="switch",
        ),
        tag("div", grid, class_="box", tabindex=0, role="region", aria_label="Confusion matrix"),
    ]


def by_label(facts: Facts, found: dict[tuple[str, str], list[str]]) -> list[Html]:
    """Per label what was found, missed and said falsely, with the shares of it."""
    rows = []
    for key, name in facts.labels.items():
        entry = facts.shipped["classes"].get(key, {})
        kinds = {"found": (name, name), "missed": (name, NOT + name), "false alarms": (NOT + name, name)}
        counts = {kind: len(found.get(pair, ())) for kind, pair in kinds.items()}
        rows.append(
            {"label": name}
            | {kind: opener(found, pair, number(counts[kind])) for kind, pair in kinds.items()}
            | {"": bar(counts), "found of all": entry.get("recall"), "right of said": entry.get("precision")}
        )
    rows.sort(key=lambda row: row["label"])
    legend = [chip(kind, kind.split()[0]) for kind in ("found", "missed", "false alarms")]
    return [tag("p", *legend, class_="legend"), table(rows, "Found, missed and false alarms of every label")]


def bar(counts: dict[str, int]) -> Html:
    """Shares of found, missed and false in all three, as one bar."""
    whole, begin, parts = max(sum(counts.values()), 1), 0.0, []
    for kind, count in counts.items():
        wide = count / whole * 100
        parts.append(tag("rect", x=f"{begin:.2f}%", width=f"{wide:.2f}%", y=0, height=10, class_=kind.split()[0]))
        begin += wide
    words = ", ".join(f"{kind} {count}" for kind, count in counts.items())
    return tag("svg", *parts, class_="bar", height=10, role="img", aria_label=words)


def frequent(found: dict[tuple[str, str], list[str]], several: bool) -> list[dict]:
    """The TOP most frequent mistakes, with the share of the actual class. several: whether any of the classes may hold; a
    class may be called 'not X' itself."""
    wrong = {pair: len(ids) for pair, ids in found.items() if pair[0] != pair[1]}
    of = {name: sum(len(ids) for pair, ids in found.items() if pair[0] == name) for name, _ in wrong}
    return [
        {"is": actual, "answered": predicted, "rows": count}
        | {"of the class": None if several and actual.startswith(NOT) else f"{count / of[actual]:.0%}"}
        for (actual, predicted), count in sorted(wrong.items(), key=lambda item: (-item[1], item[0]))[:TOP]
    ]


def two_by_two(facts: Facts) -> Html:
    """One class against all others: is it, and was it said? From the rates of test and its support."""
    name = facts.positive
    entry = next(facts.shipped["classes"][key] for key, label in facts.labels.items() if label == name)
    yes, no = entry["support"], facts.n - entry["support"]
    hits, false = round(entry["recall"] * yes), round(entry["fpr"] * no)
    counts = pd.DataFrame([[hits, yes - hits], [false, no - false]])
    words = [["caught", "missed"], ["false alarm", "left alone"]]
    kinds = [["right", "wrong"], ["wrong", "right"]]
    head = tag(
        "tr", tag("th", ""), *(tag("th", said, scope="col") for said in (f"answered {name}", "answered otherwise"))
    )
    lines = [
        tag("tr", tag("th", actual, scope="row"), *(
            tag("td", tag("b", number(int(counts.iloc[row, column]))), tag("small", words[row][column]),
                tag("small", f"{counts.iloc[row, column] / max(whole, 1):.1%} of {whole:,}"), class_=kinds[row][column])
            for column in (0, 1)
        ))
        for row, (actual, whole) in enumerate(((f"is {name}", yes), ("is not", no)))
    ]  # fmt: skip
    grid = tag("table", tag("thead", head), tag("tbody", *lines), class_="four")
    box = tag("div", grid, class_="box", tabindex=0, role="region", aria_label=f"{name} against all others")
    return section("summary", "Yes or no", note(f"{name} against all other answers."), box)
