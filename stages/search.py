"""search: settings of the teacher, tried out on valid (models/<task>/search/<encoder>).

In: the adapted encoder, train to fit each trial, valid to choose (the epoch, and the trial, by teacher.select). Out:
settings.json, the winner's parameters ({} where search is off, so that params alone decide); where it is on, trials.csv
with every trial, and search.json. The teacher stage trains the winner once more, on its own seeds.

A search that was killed goes on: finished trials stay in the study, the one that ran goes on from its last epoch. So
does one that is asked for more trials. Workers may help, from other shells or, with DECANT_STORAGE, other machines: they
join the study that the stage has begun, and write nothing. `python -m stages.search <task> <encoder> worker` is one.
"""

import shutil
import time
from contextlib import ExitStack
from pathlib import Path

from decant import checked, paths, stage
from decant.errors import ParamsError
from decant.files import write_json, writing
from decant.models import unused
from decant.settings.base import Section
from decant.settings.catalogue import Encoder, chosen
from decant.settings.decision import Decision, rule_of
from decant.settings.heads import Heads, heads_of
from decant.settings.search import Search
from decant.settings.teacher import Teacher
from decant.settings.tokens import Tokens

POLL = 2  # seconds between two looks at what other workers do


class Sections(Section):
    catalogue: dict[str, Encoder]
    decision: Decision
    device: str
    heads: Heads
    search: Search
    teacher: Teacher
    threads: int
    tokens: Tokens


def main(task: str, encoder: str, role: str = "stage") -> None:
    p = checked.read(Sections, task)
    if role not in ("stage", "worker"):
        raise ParamsError(f"search: {role!r} is no role; say worker to help a search that runs, or nothing")
    off = not p.search.on or unused.marked(paths.adapted(task, encoder))
    if role == "worker" and off:
        why = f"{encoder} is not among its teachers" if p.search.on else "search.on: false"
        raise ParamsError(f"params.yaml: {task}: {why}; there is no search to help")
    out = paths.search(task, encoder)
    if off:
        with writing(out) as partial:
            write_json(partial / "settings.json", {})
    else:
        search(task, encoder, role, p, out)


def search(task: str, encoder: str, role: str, p: Sections, out: Path) -> None:
    """Run trials, with whoever else does, and write what the study has found."""
    import optuna
    import torch
    from optuna.trial import TrialState

    from decant import tables
    from decant.members import taught
    from decant.problem import Problem
    from decant.runs import checkpoints, device, processes
    from decant.scoring import selection
    from decant.search import space, storage, trials
    from decant.training import finetune

    if processes.count() > 1:
        raise ParamsError("search: a trial runs in one process; start more workers in place of accelerate or torchrun")
    device.use(p.device, p.threads)
    space.refuse_impossible(p.search, p.teacher, chosen(p.catalogue, encoder), task)

    problem = Problem(heads_of(p.heads), rule_of(p.decision), p.tokens.max_length)
    source = paths.adapted(task, encoder)
    frames = {split: tables.load(task, split, problem.heads) for split in ("train", "valid")}
    given = taught.load(task, frames["train"])
    base = space.candidate(p.teacher, chosen(p.catalogue, encoder), {})
    select = base.select
    # asked for more trials, a study goes on
    digest = checkpoints.key("search", {"task": task, "encoder": encoder}, without=("search.trials",))
    folder = checkpoints.WORK / task / f"search-{encoder}"

    def run(study: optuna.Study, taken: trials.Taken) -> None:
        drawn, number = taken.trial.params, taken.trial.number
        work = folder / f"trial-{number}-{digest}"
        state, value, why = TrialState.PRUNED, None, ""
        try:
            settings = space.candidate(p.teacher, chosen(p.catalogue, encoder), drawn)
            *_, epochs = finetune.fine_tune(
                source, problem, settings, p.search.teacher_seed, frames, given, work, (trials.Report(taken, settings),)
            )
            state, value = TrialState.COMPLETE, float(selection.best(epochs, select)[f"valid_{select}"])
        except (ParamsError, optuna.TrialPruned) as end:
            why = str(end)
        except torch.OutOfMemoryError:
            state, why = TrialState.FAIL, "the GPU's memory is too small for it"
        trials.finish(study, url, taken, work, state, value, why)
        print(f"trial {number}: {space.shown(drawn)}: {why or f'{select} {value:.4f}'}", flush=True)

    url = storage.address(checkpoints.WORK / task / f"search-{encoder}.db")
    with storage.speaking(url):
        study = trials.begin(url, f"{task}-{encoder}-{digest}", p.search, select, new=role == "stage")
        wanted, waiting = space.total(p.search), False
        print(f"{wanted} trials: study {study.study_name} in {storage.name(url)}", flush=True)
        while True:
            with ExitStack() as held:
                taken = trials.take(study, url, p.search, wanted, held)
                if taken:
                    run(study, taken)
                    continue
            others = [trial for trial in study.trials[:wanted] if not trial.state.is_finished()]
            if role == "worker":
                return
            if not others:
                break
            if not waiting:
                print(f"waiting for {len(others)} trials of other workers", flush=True)
            waiting = True
            time.sleep(POLL)
        finished = study.trials[:wanted]
        with storage.lock(url, f"{study.study_name} trials"):  # so that no worker is still tidying up
            if folder.exists():
                shutil.rmtree(folder)
    write(out, trials.table(finished, p.search), p, select, len(frames["valid"]))


def write(out: Path, rows, p: Sections, select: str, valid_n: int) -> None:
    """The three files of a search, once they have been read back and agree. rows: the table of `trials.table`."""
    from decant.search import trials

    winner = trials.best(rows, select)
    ends = {state: int((rows["state"] == state).sum()) for state in ("COMPLETE", "PRUNED", "FAIL")}
    with writing(out) as partial:
        write_json(partial / "settings.json", {key: winner[key] for key in p.search.space})
        rows.to_csv(partial / "trials.csv", index=False)
        counts = {"trials": len(rows), "complete": ends["COMPLETE"], "pruned": ends["PRUNED"], "failed": ends["FAIL"]}
        choice = {"best_trial": winner["number"], "select": select, "best_value": winner["value"], "valid_n": valid_n}
        write_json(partial / "search.json", {"method": p.search.method} | counts | choice)
        trials.prove(partial, p.search, select)


if __name__ == "__main__":
    stage.run(main)
