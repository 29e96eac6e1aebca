"""The comment on a pull request: what changed for the better, for the worse, or by no more than noise."""

from decant.review import changes, markdown, task
from decant.review.changes import ABSENT, Bounded, Change
from decant.review.gates import Gate
from decant.review.markdown import code, exact, fold, ids, number, table
from decant.review.revision import Revision
from decant.review.store import Store
from decant.review.task import Review

MARKER = "<!-- decant-pr -->"  # by which the comment of an earlier push is found, and replaced
LONGEST = 60_000  # characters; GitHub takes 65,536
MOST_IDS = 20
FEW = 15  # params that need no fold
MOST_ROWS = 300  # of a table in a fold
CIRCLES = {"green": "🟢", "amber": "🟡", "red": "🔴", None: "⚪"}


def comment(base: Revision, head: Revision, again: str, whole: bool = False) -> str:
    """The Markdown. again: the command that prints all of it; whole: do not cut it to LONGEST.

    Raises RevisionError: a file of either revision that cannot be read. CacheError: no dvc repository.
    """
    store = Store()
    names = task.tasks(base, head)
    found = [task.review(base, head, name, store) for name in names]
    settings = changes.params(base, head)
    changed = [review for review in found if not review.unchanged]
    blocks = [MARKER, f"### Decant: {code(base.title)} → {code(head.title)}", "\n".join(map(line, found))]
    blocks += params(settings, whole)
    for review in changed:
        blocks += section(review)
    blocks += [metrics(review, whole) for review in changed if review.metrics]
    rest = f"The rest is cut: a comment has room for {LONGEST:,} characters. `{again}` prints all of it."
    # without the marker alone on its line, no later run would find the comment
    return "\n\n".join(blocks) + "\n" if whole else markdown.within(blocks, LONGEST, rest)


def line(review: Review) -> str:
    """A task in one line: its verdict before and now, and what became of its figures."""
    old, new = review.old_verdict, review.new_verdict
    words = f"{new or 'no verdict'}" if old == new else f"{old or 'no verdict'} → {new or 'no verdict'}"
    circle = CIRCLES.get(new, CIRCLES[None])
    what = "unchanged" if review.unchanged else review.sentence
    return f"- {circle} {code(review.task)} **{words}**: {what}"


def section(review: Review) -> list[str]:
    """What is said of a task that changed: rows, gates, ids, size and speed."""
    blocks = [f"#### {code(review.task)}"]
    if review.pairing is not None:
        blocks.append(rows(review))
    elif review.without:
        blocks.append(f"Without rows, by the figures that git holds: {code(review.without, 300)}")
    if review.old_gates or review.new_gates:
        names = dict.fromkeys([*review.new_gates, *review.old_gates])
        columns = ["gate", "before", "now", "bound", "result", "change"]
        blocks.append(table(columns, [gate(name, review) for name in names]))
    for title, values in (("Right before, wrong now", review.broken), ("Wrong before, right now", review.mended)):
        if values:
            blocks.append(f"{title} ({len(values):,}): {ids(values, MOST_IDS)}")
    if review.timed:
        cells = [[code(key), side(old), side(new)] for key, old, new in review.timed]
        blocks.append(table(["size and speed", "before", "now"], cells))
    elif review.untimed:
        blocks.append(f"Size and speed: {review.untimed}.")
    return blocks


def rows(review: Review) -> str:
    """How many rows were compared, and why not the others."""
    pairing = review.pairing
    said = [f"Compared on the {counted(len(pairing.new), 'test row')} that both have"]
    counts = (
        (pairing.only_old, "only before"),
        (pairing.only_new, "only now"),
        (pairing.other_text, "with other text"),
    )
    said += [f"{count:,} {what}" for count, what in counts if count]
    text = "; ".join(said) + ". Better or worse: the interval of the paired difference leaves 0 out."
    if pairing.relabelled:
        text += (
            f" Left out, for another gold answer now: {counted(len(pairing.relabelled), 'row')}, "
            f"{ids(pairing.relabelled, MOST_IDS)}."
        )
    return text


def counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def gate(name: str, review: Review) -> list[str]:
    """A line of the table of gates."""
    old, new = review.old_gates.get(name), review.new_gates.get(name)
    now = new or old
    bound = f"{'≥ ' if now.side == 'min' else '≤ ' if now.side == 'max' else ''}{exact(now.bound)}"
    if old and new and old.bound != new.bound:
        bound = f"{exact(old.bound)} → {bound}"
    results = [found.result if found else "none" for found in (old, new)]
    result = results[1] if results[0] == results[1] else " → ".join(results)
    result = f"**{result}**" if new and new.result == "fails" else result
    return [code(name), value(old), value(new), bound, result, task.change_of(name, review)]


def value(found: Gate | None) -> str:
    if found is None or found.value is None:
        return ""
    interval = f" ({number(found.low)} to {number(found.high)})" if None not in (found.low, found.high) else ""
    return number(found.value) + interval


def params(found: list[tuple[list[str], Change]], whole: bool) -> list[str]:
    """The params that changed, of which tasks."""
    if not found:
        return []
    cells = [
        [code(key), side(old), side(new), ", ".join(map(code, names)) or "all"] for names, (key, old, new) in found
    ]
    title, text = (
        f"{counted(len(found), 'param')} changed",
        capped(["param", "before", "now", "tasks"], cells, 4, whole),
    )
    return [f"{title}:\n\n{text}" if len(found) <= FEW else fold(title, text)]


def metrics(review: Review, whole: bool) -> str:
    """Every figure that changed, in a fold."""
    cells = [[code(key, 120), side(old), side(new), step(old, new)] for key, old, new in review.metrics]
    title = f"{review.task}: {counted(len(cells), 'figure')} changed"
    return fold(title, capped(["figure", "before", "now", "change"], cells, 1, whole))


def capped(columns: list[str], cells: list[list[str]], left: int, whole: bool) -> str:
    """A table of at most MOST_ROWS lines, and how many more there are."""
    shown = cells if whole else cells[:MOST_ROWS]
    more = f"\n\n{len(cells) - len(shown):,} more are not shown." if len(cells) > len(shown) else ""
    return table(columns, shown, left) + more


def side(value: object) -> str:
    if isinstance(value, Bounded):
        return f"{number(value.value)} ({number(value.low)} to {number(value.high)})"
    return "" if value is ABSENT else number(value)


def step(old: object, new: object) -> str:
    """The difference of two numbers, with its sign."""
    old, new = (value.value if isinstance(value, Bounded) else value for value in (old, new))
    if any(isinstance(value, bool) or not isinstance(value, int | float) for value in (old, new)):
        return ""
    change = new - old
    return f"{change:+,}" if isinstance(change, int) else f"{change:+.4f}"
