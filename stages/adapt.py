"""adapt: bring an encoder closer to the task before teachers fine-tune it (models/<task>/adapted/<encoder>).

In: the task's encoders, train, unlabelled text, and the fingerprints of all rows that are held out. Three steps, each off
by default, in this order: start from the encoder that another task's teacher has learnt (intermediate), guess masked
tokens of the task's text (dapt), tell train rows apart by their labels (contrastive). Out: a folder of the same form, and
adapt.json with the figures of each step. Where all are off, it is a copy. A killed run repeats no step that it has finished.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

from decant import checked, paths, stage
from decant.errors import CacheError, ParamsError
from decant.files import read_json, write_metrics, writing
from decant.models import unused
from decant.settings.adapt import Adapt
from decant.settings.base import Section
from decant.settings.heads import Heads, heads_of
from decant.settings.tokens import Tokens
from decant.settings.transfers import Transfer


class Sections(Section):
    adapt: Adapt
    device: str
    heads: Heads
    threads: int
    tokens: Tokens
    transfers: dict[str, Transfer]


def main(task: str, encoder: str) -> None:
    p = checked.read(Sections, task)
    now = paths.encoder(task, encoder)
    if p.adapt.on and not unused.marked(now):
        learn(task, encoder, p, now)
        return
    record = paths.adapt_record(now)
    with writing(paths.adapted(task, encoder)) as partial:
        shutil.copytree(now, partial)
        write_metrics(paths.adapt_record(partial), read_json(record) if record.exists() else {})


def learn(task: str, encoder: str, p: Sections, now: Path) -> None:
    """Take the steps that are on, one after the other."""
    import pyarrow.parquet as pq

    from decant import tables
    from decant.data import held_out
    from decant.models import lineage
    from decant.runs import checkpoints, device
    from decant.training import contrastive, dapt

    heads = heads_of(p.heads)
    settings, length = p.adapt, p.tokens.max_length
    device.use(p.device, p.threads)
    train, works = tables.load(task, "train", heads), []

    def step(name: str, learn: Callable) -> Path:
        """The encoder after a step, in its work folder; learnt only if it is not there yet."""
        work = checkpoints.work_folder("adapt", {"task": task, "encoder": encoder}, name)
        works.append(work)
        if not (work / "done").exists():
            model, figures = learn(work)
            with writing(work / "done") as partial:
                lineage.hand_on(model, now, partial, name, figures)
        return work / "done"

    if settings.intermediate.on:
        now = first_stage(task, encoder, p.transfers)
    if settings.dapt.on:
        more = pq.read_table(paths.unlabelled(task), columns=["id", "text"])
        ids, texts = (train[name].tolist() + more[name].to_pylist() for name in ("id", "text"))
        held_out.read(task).check(ids, texts, f"{task}.adapt.dapt")
        now = step(
            "dapt",
            lambda work: dapt.learn(now, texts, length, settings.dapt, settings.precision, settings.seed, work),
        )  # fmt: skip
    if settings.contrastive.on:
        texts, targets = train["text"].tolist(), tables.targets(train, heads)
        held_out.read(task).check(train["id"].tolist(), texts, f"{task}.adapt.contrastive")
        now = step(
            "contrastive",
            lambda work: contrastive.learn(
                now, texts, targets, heads, length, settings.contrastive, settings.precision, settings.seed, work
            ),
        )  # fmt: skip
    with writing(paths.adapted(task, encoder)) as partial:
        shutil.copytree(now, partial)
        write_metrics(paths.adapt_record(partial), lineage.record(now))
    for work in works:
        shutil.rmtree(work)


def first_stage(task: str, encoder: str, transfers: dict[str, Transfer]) -> Path:
    """The encoder that the intermediate stage has made. Raises ParamsError, CacheError: there is none."""
    transfer = transfers.get(task)
    if transfer is None or transfer.encoder != encoder:
        raise ParamsError(
            f"params.yaml: {task}.adapt.intermediate.on, but transfers has no {task} with the encoder {encoder}. Write transfers: "
            f"{{{task}: {{first: TASK, encoder: {encoder}, seed: SEED}}}}, where TASK is another task whose teacher has learnt "
            f"first, and name both in tasks: [TASK, {task}]"
        )
    folder = paths.intermediate(task, encoder, transfer.first)
    if not folder.exists():
        raise CacheError(
            f"{folder}: missing. Run dvc repro intermediate@{task}, with both tasks named in tasks: [{transfer.first}, {task}]"
        )
    return folder


if __name__ == "__main__":
    stage.run(main)
