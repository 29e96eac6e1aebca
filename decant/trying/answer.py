"""`python -m decant try`: what can be said about a labelled table before it is a task.

It reads the table as `new` does and uses the defaults of params.yaml; it needs no block there, no dvc and no network, and
writes nothing (but a page, with --to). Figures are cross-validated by the road's own linear members; test stays closed.
"""

from dataclasses import replace
from pathlib import Path

from ruamel.yaml import YAML
from threadpoolctl import threadpool_limits

from decant.errors import EncoderError, ParamsError
from decant.files import slug
from decant.members.clock import Clock
from decant.models.encoder import encode
from decant.models.model import embed
from decant.new import lengths, urls
from decant.new.call import Call, Choices
from decant.new.language import LIMITS
from decant.new.propose import looked
from decant.new.tasknames import freed
from decant.runs import device
from decant.settings import params
from decant.settings.params import FILE, TaskParams
from decant.trying import cost, encoder, findings, members, shown
from decant.trying.encoder import Here
from decant.trying.rows import TEST, Rows, opened, placed

TOKENS = 120_000  # that the probe's encoder reads: 1 to 1.5 ms a token on a core that others want too
SHORTEST = 32  # tokens of a text that it reads in any case


def answer(file: Path | str, choices: Choices, most: int, to: Path | None = None) -> None:
    """Print a first answer about the table in `file` (or the tables in that folder), and write it to a page in `to`.

    file: or the URL of a database. most: rows outside test that are fitted at most, drawn so that classes keep their shares.

    Raises ParamsError: params.yaml is not valid, or `to` holds something else. DataError: as `new`; or nothing can be held
    out or learnt.
    """
    if to is not None:
        refuse(to)
    params.tasks()  # a file that is invalid says so itself
    before = FILE.read_bytes()
    name = file.stem if isinstance(file, Path) else Path(file.partition("?")[0]).stem
    plain = slug(name).replace("-", "_").lstrip("_0123456789") or "mine"
    task = freed(plain, YAML(typ="safe", pure=True).load(before))
    with urls.fetched(urls.called(file, task, choices, [], "try")) as call:
        first(call, before, most, to)


def first(call: Call, before: bytes, most: int, to: Path | None) -> None:
    """The answer about a table that lies in a file. before: params.yaml."""
    choices, task = call.choices, call.task
    look = looked(call, before)
    trial, p = look.trial, look.trial.p
    place = placed(trial, look.block)
    rows = opened(trial, place, most)
    plain = replace(call, questions=[], answers=[])
    more = lengths.propose(look.block, p, trial.frame["text"].tolist(), plain)
    length = look.block.tree.get("tokens", {}).get("max_length", p.tokens.max_length)
    for warning in [*look.warnings, *more, *trial.warnings()]:
        print(f"warning: {warning}")
    device.use(p.device, p.threads)
    with threadpool_limits(p.threads):
        here, why = encoder.opened(
            p.baseline.probe_encoder, p.catalogue[p.baseline.probe_encoder], rows.texts, p.tokens
        )
        crew, left = contestants(rows, p, here, why, length)
        costs, clock = [], Clock(p.threads)
        if here and here.name != p.distil.encoder:
            why = (
                f"the student's encoder is {p.distil.encoder}, and {here.name}, the probe's, says nothing of its steps"
            )
        elif here:
            try:
                costs = cost.costs(here, rows, p, length, place.count("train"), place.count("valid"), clock)
            except EncoderError as error:
                why = str(error)
    best = findings.strongest(crew, rows, p.evaluate.confidence)
    parts = [
        findings.contents(trial, place, look.rows),
        findings.figures(rows, crew, p.evaluate.confidence, int((place.split == TEST).sum()), left),
        findings.confusions(rows, best),
        findings.doubts(rows, best),
        findings.cost(costs, clock, place.count("train")) if costs
        else findings.Part("What a distilled student would cost here", [], [f"not estimated: {why}"]),
    ]  # fmt: skip
    for part in parts:
        print(*shown.lines(part), sep="\n")
    unread = set(look.block.tree.get("tokens", {})) & set(LIMITS) and not choices.ship
    command = replace(plain, command="new").again(*(["--ship", "linear"] if unread else []))
    print(f"\nTo make it a task (add --dry-run to see the block first):\n  {command}")
    if to is not None:
        print(f"The answer without its texts: {shown.page(parts, f'{task}: a first answer', command, to)}")


def contestants(
    rows: Rows, p: TaskParams, here: Here | None, why: str, length: int
) -> tuple[list[members.Member], list[str]]:
    """A guess, linear and, where its encoder is here, probe; and what is said of those left out or cut short."""
    crew = [members.majority(rows), members.linear(rows, p.baseline)]
    if here is None:
        return crew, [f"probe: not tried: {why}"]
    sizes = [len(ids) for ids in encode(here.tokenizer, rows.texts, length)]
    read = next(
        (most for most in range(length, SHORTEST, -1) if sum(min(most, size) for size in sizes) <= TOKENS),
        min(length, SHORTEST),
    )
    states = embed(here.model, here.tokenizer, rows.texts, read, here.pooling, "probe: embeddings")
    crew.append(members.probe(rows, states, p.baseline, here.name))
    cut = sum(size > read for size in sizes)
    if read < length and cut:
        return crew, [f"probe reads {read} tokens of a text here, to be done in minutes; {cut:,} texts are longer"]
    return crew, []


def refuse(folder: Path) -> None:
    """Raises ParamsError: `folder` holds something else than an earlier page."""
    if folder.exists() and not (folder.is_dir() and {path.name for path in folder.iterdir()} <= {shown.PAGE}):
        raise ParamsError(f"--to {folder}: is there and holds something else; name an empty folder or a new one")
