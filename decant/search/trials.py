"""The trials of a search: optuna keeps them in a storage, workers share them out, and the winner is proven.

What optuna leaves open is settled here: a trial whose worker has died is run again under its own number with its own
parameters, and there are exactly as many trials as asked for. One worker writes the same table in one go or in several;
where several work at once, TPE and the pruners see what is finished by then, which is never quite the same.
"""

import math
import shutil
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import optuna
import pandas as pd
import sqlalchemy
import torch
from optuna.trial import FrozenTrial, TrialState
from transformers import TrainerCallback

from decant.errors import SearchError
from decant.files import read_json
from decant.search.space import draw, inside, shown
from decant.search.storage import lock, opened
from decant.settings.search import Search
from decant.settings.teacher import Teacher

COLUMNS = ("number", "state", "value", "epochs_run")  # of trials.csv, before the parameters; after them, the reason


@dataclass(frozen=True)
class Taken:
    """A trial that is ours to run."""

    trial: optuna.trial.Trial
    reported: frozenset[int]  # epochs that the study knows from a worker that died
    still: Callable[[], object]  # fails if it has ceased to be ours


def direction(select: str) -> str:
    return "minimize" if select == "nll" else "maximize"


def begin(url: sqlalchemy.URL, name: str, search: Search, select: str, new: bool) -> optuna.Study:
    """The study of that name. new: made if it is not there yet.

    Raises SearchError: it is not there, and not to be made.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    storage = opened(url)
    known = sorted(optuna.get_all_study_names(storage))
    if name not in known and not new:
        like = [other for other in known if other.rpartition("-")[0] == name.rpartition("-")[0]]
        raise SearchError(
            f"no study {name} in the storage: start the search stage first, with equal params, data and code. "
            f"Studies of other ones there: {', '.join(like) or 'none'}"
        )
    pruners = {"none": optuna.pruners.NopPruner, "median": optuna.pruners.MedianPruner, "halving": Halving}
    # the study itself never draws: see draw
    return optuna.create_study(
        storage=storage,
        study_name=name,
        direction=direction(select),
        sampler=optuna.samplers.RandomSampler(),
        pruner=pruners[search.pruner](),
        load_if_exists=True,
    )


class Halving(optuna.pruners.BasePruner):
    """After 1, 2, 4, ... epochs, ends a trial that is not in the better half of all that have come so far.

    Optuna's own successive halving writes each decision down before the trial has ended: a worker that was killed in
    between would train on what it has already given up.
    """

    def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:
        epoch = trial.last_step
        if epoch & (epoch - 1):  # no power of two
            return False
        trials = [other for other in study.get_trials(deepcopy=False) if other.number != trial.number]
        own = trial.intermediate_values[epoch]
        values = [own, *(other.intermediate_values[epoch] for other in trials if epoch in other.intermediate_values)]
        values.sort(reverse=study.direction == optuna.study.StudyDirection.MAXIMIZE)
        return values.index(own) >= max(1, len(values) // 2)


def take(study: optuna.Study, url: sqlalchemy.URL, search: Search, wanted: int, held: ExitStack) -> Taken | None:
    """The next trial: one whose worker has died, or a new one; null if all are finished or with live workers.

    wanted: trials in all. held: keeps the trial's lock, by which others see that its worker lives.
    """
    with lock(url, f"{study.study_name} trials"):
        trials = study.get_trials(deepcopy=False)
        for trial in trials[:wanted]:
            if trial.state == TrialState.RUNNING and (still := hold(study, url, trial.number, held)):
                print(f"trial {trial.number}: its worker is gone; it goes on with {shown(trial.params)}", flush=True)
                return Taken(optuna.trial.Trial(study, trial._trial_id), frozenset(trial.intermediate_values), still)
        if len(trials) >= wanted:
            return None
        still = hold(study, url, len(trials), held)
        study.add_trial(draw(search, trials, study.direction))
        return Taken(optuna.trial.Trial(study, study.get_trials(deepcopy=False)[-1]._trial_id), frozenset(), still)


def hold(study: optuna.Study, url: sqlalchemy.URL, number: int, held: ExitStack) -> Callable[[], object] | None:
    with ExitStack() as attempt:
        still = attempt.enter_context(lock(url, f"{study.study_name} {number}", wait=False))
        if still:
            held.enter_context(attempt.pop_all())
    return still


def finish(
    study: optuna.Study, url: sqlalchemy.URL, taken: Taken, work: Path, state: TrialState, value: float | None, why: str
) -> None:
    """Record how a trial ended, then remove its checkpoints."""
    taken.still()
    with lock(url, f"{study.study_name} trials"):
        if why:
            taken.trial.set_user_attr("reason", why)
        study.tell(taken.trial, value, state)
        if work.exists():
            shutil.rmtree(work)


class Report(TrainerCallback):
    """Tells the study the valid metric of each epoch, and ends a trial that is worse than others or has come to nothing."""

    def __init__(self, taken: Taken, settings: Teacher):
        self.taken, self.select, self.epochs = taken, settings.select, settings.epochs

    def on_epoch_end(self, args, state, control, model=None, **kwargs):
        # before valid is measured, which takes no such numbers
        if not all(torch.isfinite(tensor).all() for tensor in model.parameters()):
            raise optuna.TrialPruned(f"weights are not finite after epoch {round(state.epoch)}")

    def on_evaluate(self, args, state, control, metrics=None, **kwargs):
        epoch, value = round(state.epoch), round(metrics[f"eval_{self.select}"], 6)
        if not math.isfinite(value):
            raise optuna.TrialPruned(f"{self.select} is {value} after epoch {epoch}")
        self.taken.still()
        if epoch not in self.taken.reported:
            self.taken.trial.report(value, epoch)
        if epoch < self.epochs and self.taken.trial.should_prune():  # after the last one there is nothing to save
            raise optuna.TrialPruned(f"{self.select} {value} after epoch {epoch} is worse than that of other trials")


def table(trials: list[FrozenTrial], search: Search) -> pd.DataFrame:
    """One row per trial, in the order of their numbers: see COLUMNS, each parameter as it was drawn, and the reason of an
    end before the last epoch. Only a complete trial has a value.

    Raises SearchError: a trial that records other parameters than those of the space.
    """
    rows = []
    for trial in trials:
        inside(trial.params, search.space, f"trial {trial.number}")
        value = trial.value if trial.state == TrialState.COMPLETE else None
        row = dict(zip(COLUMNS, (trial.number, trial.state.name, value, len(trial.intermediate_values)), strict=True))
        rows.append(row | {key: trial.params[key] for key in search.space} | {"reason": trial.user_attrs.get("reason")})
    return pd.DataFrame(rows, columns=[*COLUMNS, *search.space, "reason"], dtype=object)


def best(trials: pd.DataFrame, select: str) -> pd.Series:
    """The row of the best value, of the first of equal ones.

    Raises SearchError: no trial was completed.
    """
    complete = trials[trials["state"] == TrialState.COMPLETE.name]
    if complete.empty:
        reasons = [f"trial {row.number}: {row.reason}" for row in trials.itertuples()]
        raise SearchError(f"none of {len(trials)} trials was completed, there is no winner. {'; '.join(reasons[:3])}")
    values = complete["value"].astype(float)
    return complete.loc[values.idxmin() if direction(select) == "minimize" else values.idxmax()]


def prove(folder: Path, search: Search, select: str) -> None:
    """Read back what the search is about to hand on: settings.json is what the best trial of trials.csv was trained with.

    Raises SearchError if not. A search that hands on {} has the teacher trained with settings that nobody tried.
    """
    settings = read_json(folder / "settings.json")
    inside(settings, search.space, "settings.json")
    winner = best(pd.read_csv(folder / "trials.csv", dtype=str, keep_default_na=False), select)
    for key, value in settings.items():
        if str(value) != winner[key]:
            raise SearchError(f"settings.json: {key} is {value}, the best trial, {winner['number']}, had {winner[key]}")
