"""The space of a search: which settings it may try, which of them can be trained at all, and which come next."""

import itertools
import math

import numpy as np
import optuna
from optuna.trial import FrozenTrial, TrialState, create_trial
from pydantic import ValidationError

from decant.errors import ParamsError, SearchError
from decant.settings.catalogue import Encoder
from decant.settings.search import Search, Space
from decant.settings.teacher import Teacher
from decant.training import precision, trainer
from decant.training.finetune import settings_of


def candidate(teacher: Teacher, encoder: Encoder, parameters: dict) -> Teacher:
    """The teacher's settings with the found ones on top; ParamsError says why nothing can be trained with them."""
    try:
        settings = settings_of(teacher, encoder, parameters)
    except ValidationError as failure:
        reasons = [error["msg"].removeprefix("Value error, ") for error in failure.errors()]
        raise ParamsError(f"params.yaml: teacher: {'; '.join(reasons)}") from None
    precision.resolved(settings.precision)
    trainer.parts_of_a_step(settings)
    return settings


def refuse_impossible(search: Search, teacher: Teacher, encoder: Encoder, task: str) -> None:
    """Raises ParamsError for what could never be trained: a combination of a grid, or a value that the space names and
    that neither fits the teacher section nor any value of one other key. (All rules of that section are about two keys.)
    """
    candidate(teacher, encoder, {})
    if search.method == "grid":
        for combination in combinations(search.space):
            why_not(
                teacher, encoder, [combination], f"{task}.search.space: the grid's combination {shown(combination)}"
            )
        return
    for key, space in search.space.items():
        for value in space.named():
            others = [
                {key: value, other: theirs}
                for other in search.space if other != key for theirs in search.space[other].named()
            ]  # fmt: skip
            why_not(teacher, encoder, [{key: value}, *others], f"{task}.search.space.{key}: {value}")


def why_not(teacher: Teacher, encoder: Encoder, tries: list[dict], what: str) -> None:
    """Raises ParamsError, with what is wrong with the first one, if none of the tries can be trained."""
    reasons = []
    for parameters in tries:
        try:
            candidate(teacher, encoder, parameters)
        except ParamsError as error:
            reasons.append(str(error))
        else:
            return
    raise ParamsError(f"params.yaml: {what}: {reasons[0].removeprefix('params.yaml: ')}")


def combinations(space: dict[str, Space]) -> list[dict]:
    """Every combination of choices, key -> value."""
    return [
        dict(zip(space, values, strict=True))
        for values in itertools.product(*(axis.choices for axis in space.values()))
    ]


def total(search: Search) -> int:
    """How many trials there will be; says so where they cut a grid short."""
    if search.method != "grid":
        return search.trials
    size = math.prod(len(space.choices) for space in search.space.values())
    if search.trials < size:
        print(f"the grid has {size} combinations; search.trials leaves {search.trials} of them, drawn by search.seed")
    return min(search.trials, size)


def draw(search: Search, trials: list[FrozenTrial], direction: optuna.study.StudyDirection) -> FrozenTrial:
    """The trial after `trials`, running, with all its parameters.

    It is drawn in memory and stored in one piece, so that a worker that dies leaves no trial with half of them. A seed
    per number: a sampler that went on from trial to trial would draw otherwise after each restart.
    """
    sampler = {
        "grid": lambda: optuna.samplers.GridSampler(
            {key: [typed(key, value) for value in space.choices] for key, space in search.space.items()},
            seed=search.seed,
        ),
        "random": lambda: optuna.samplers.RandomSampler(seed=seed_of(search.seed, len(trials))),
        "tpe": lambda: optuna.samplers.TPESampler(seed=seed_of(search.seed, len(trials))),
    }[search.method]()
    memory = optuna.create_study(direction=direction, sampler=sampler)
    memory.add_trials(trials)
    trial = memory.ask()
    for key, space in search.space.items():
        if space.choices is not None:
            trial.suggest_categorical(key, [typed(key, value) for value in space.choices])
        elif Teacher.model_fields[key].annotation is int:
            trial.suggest_int(key, space.low, space.high, log=space.log)
        else:
            trial.suggest_float(key, space.low, space.high, log=space.log)
    return create_trial(state=TrialState.RUNNING, params=trial.params, distributions=trial.distributions)


def seed_of(seed: int, number: int) -> int:
    return int(np.random.SeedSequence([seed, number]).generate_state(1)[0])


def typed(key: str, value: float | int | str | bool) -> float | int | str | bool:
    """A choice as the teacher section has it: 0 of a key that is no whole number is 0.0."""
    return float(value) if Teacher.model_fields[key].annotation is float else value


def inside(parameters: dict, space: dict[str, Space], where: str) -> None:
    """Raises SearchError unless `parameters` has the keys of the space, no other, and each value is in it."""
    if set(parameters) != set(space):
        raise SearchError(f"{where}: has the parameters {sorted(parameters)}, search.space has {sorted(space)}")
    for key, axis in space.items():
        known = (
            parameters[key] in axis.choices if axis.choices is not None else axis.low <= parameters[key] <= axis.high
        )
        if not known:
            raise SearchError(f"{where}: {key} is {parameters[key]!r}, which is not in search.space.{key}")


def shown(parameters: dict) -> str:
    return ", ".join(
        f"{key} {value:.4g}" if isinstance(value, float) else f"{key} {value}" for key, value in parameters.items()
    )
