"""baseline: the contestants that anything larger has to beat, and members of the ensemble.

`linear`: TF-IDF of words and characters + logistic regression. `probe`: logistic regression on the embeddings of the
frozen encoder as it was published; `probe_adapted`, where a step of adapt is on, on those of the adapted one.

Every combination of the lists in params is tried by cross-validation inside train; vectorizers and resampling are fitted
inside each fold. The same folds give out-of-fold logits of the train rows: soft labels from a model that never saw the
row. `probe_adapted` cannot have that: its encoder may have learnt the labels of all train rows, and every candidate
would look good on them. Its strength is chosen on valid. Its out-of-fold logits come from heads that did not see the
row, on embeddings that did: they are surer of train rows than of new ones.

metrics/<task>/baseline.json has the winners, baseline.csv every candidate; n says on how many unseen rows.
"""

import warnings
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.model_selection import StratifiedKFold
from threadpoolctl import threadpool_limits

from decant import checked, decision, paths, stage, tables
from decant.errors import DataError
from decant.files import digest, write_metrics, writing
from decant.heads import Head
from decant.members import crossfit, ensemble, linear, scores
from decant.members.crossfit import Tried
from decant.members.fitting import Candidate, fit
from decant.members.linear import Standard, Tfidf, Vectorizer
from decant.models.encoder import WEIGHTS
from decant.runs import device
from decant.settings.adapt import Adapt
from decant.settings.base import Section
from decant.settings.baseline import Baseline
from decant.settings.decision import Decision, rule_of
from decant.settings.heads import Heads, heads_of
from decant.settings.tokens import Tokens

COLUMNS = ("member", "head", *Vectorizer.__dataclass_fields__, *Candidate(1.0).record())
COLUMNS += ("nll", "macro_f1", "squared_error", "n", "chosen")


@dataclass
class Member:
    weights: linear.Weights  # fitted on all of train
    standard: Standard | None  # of the embeddings it reads
    trials: list[Tried]
    chosen: dict[str, Tried]  # head -> one of the trials
    out_of_fold: np.ndarray  # (n, w) logits of train rows that the head has not seen


class Sections(Section):
    adapt: Adapt
    baseline: Baseline
    decision: Decision
    device: str
    heads: Heads
    threads: int
    tokens: Tokens


def main(task: str) -> None:
    p = checked.read(Sections, task)
    heads = heads_of(p.heads)
    train = tables.load(task, "train", heads)
    targets = tables.targets(train, heads)
    answers = decision.gold(rule_of(p.decision), heads, targets)
    fold = folds(answers, p.baseline.folds, p.baseline.seed, task)
    sources = {"train": digest(paths.split_file(task, "train"))}
    device.use(p.device, p.threads)

    with threadpool_limits(p.threads):
        tfidf, member = text_member(train["linear"].tolist(), targets, heads, fold, p.baseline, f"{task}.baseline")
        members = {"linear": member}
        for name, place in ensemble.probes(p.adapt.on).items():
            encoder = place(task, p.baseline.probe_encoder)
            sources[name] = digest(encoder / WEIGHTS)
            known = {"train": targets}
            texts = {"train": train["text"].tolist()}
            if place is paths.adapted:
                valid = tables.load(task, "valid", heads)
                known["valid"], texts["valid"] = tables.targets(valid, heads), valid["text"].tolist()
            states = {
                split: ensemble.embeddings(encoder, column, p.tokens.max_length, f"{name}: {split}")
                for split, column in texts.items()
            }
            members[name] = probe_member(states, known, heads, fold, p.baseline, f"{task}.baseline, {name}")

    tfidf.save(paths.baseline(task))
    for name, member in members.items():
        linear.save_weights(paths.baseline(task) / f"{name}.safetensors", member.weights, member.standard)
    held_out = {name: member.out_of_fold for name, member in members.items()}
    scores.save(paths.baseline(task) / "out_of_fold.safetensors", train["id"].tolist(), held_out, sources)
    with writing(paths.table(task, "baseline")) as partial:
        table(members).to_csv(partial, index=False)
    record = {"n": len(train), "features": len(members["linear"].weights.coef), "vectorizer": asdict(tfidf.settings)}
    for name, member in members.items():
        record[name] = {
            head: trial.candidate.record() | trial.scores | {"n": len(trial.logits)}
            for head, trial in member.chosen.items()
        }
    write_metrics(paths.metrics(task, "baseline"), record)


def folds(answers: np.ndarray, count: int, seed: int, task: str) -> np.ndarray:
    """(n,) the fold in which each row is held out, stratified by the set of its answers."""
    keys = np.unique(answers, axis=0, return_inverse=True)[1].ravel()
    if len(keys) < count:
        raise DataError(
            f"{task}: train has {len(keys)} rows for {count} folds; lower {task}.baseline.folds or add rows"
        )
    # combinations too rare for every fold share one stratum; sklearn would only warn
    rare = np.isin(keys, np.flatnonzero(np.bincount(keys) < count))
    keys = np.where(rare, keys.max() + 1, keys)
    fold = np.empty(len(keys), dtype=int)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        for index, (_, held) in enumerate(StratifiedKFold(count, shuffle=True, random_state=seed).split(keys, keys)):
            fold[held] = index
    return fold


def text_member(
    words: list[str], targets: np.ndarray, heads: tuple[Head, ...], fold: np.ndarray, settings: Baseline, where: str
) -> tuple[Tfidf, Member]:
    """The linear member: vectorizer and candidates chosen by cross-validation, then fitted on all rows."""
    wanted = crossfit.vectorizers(settings)

    def vectorized(rows: np.ndarray, others: np.ndarray) -> Iterator[tuple]:
        """Each vectorizer with the features of both; what two of them share is fitted once, on the fit rows alone."""
        fitted: dict[Vectorizer, tuple] = {}
        for vectorizer in wanted:
            for kind in vectorizer.kinds():
                if kind not in fitted:
                    tfidf = Tfidf(kind)
                    features = tfidf.fit([words[row] for row in rows])
                    fitted[kind] = features, tfidf.transform([words[row] for row in others])
            pairs = [fitted[kind] for kind in vectorizer.kinds()]
            yield vectorizer, *(sparse.hstack(side, format="csr") for side in zip(*pairs, strict=True))

    grid = crossfit.candidates(settings, heads)
    trials = crossfit.cross_fit(vectorized, targets, heads, grid, fold, settings.seed, f"{where}, linear")
    chosen = crossfit.choose(trials, targets, settings.select)
    tfidf = Tfidf(chosen[heads[0].name].vectorizer)
    weights = fit(tfidf.fit(words), targets, heads, candidates_of(chosen), settings.seed, f"{where}, linear")
    return tfidf, Member(weights, None, trials, chosen, joined(chosen, heads))


def probe_member(
    states: dict[str, np.ndarray],
    targets: dict[str, np.ndarray],
    heads: tuple[Head, ...],
    fold: np.ndarray,
    settings: Baseline,
    where: str,
) -> Member:
    """A probe on embeddings (n, h) of train; where valid is given, its strengths are chosen there, and not inside train."""
    train, seed = states["train"], settings.seed

    def standardised(rows: np.ndarray, others: np.ndarray) -> Iterator[tuple]:
        own = Standard.fit(train[rows])
        yield None, own.transform(train[rows]), own.transform(train[others])

    def held_out(grid: dict[str, list[Candidate]]) -> list[Tried]:
        return crossfit.cross_fit(standardised, targets["train"], heads, grid, fold, seed, where)

    standard = Standard.fit(train)
    features = standard.transform(train)
    grid = {head.name: [Candidate(strength) for strength in settings.probe_strengths] for head in heads}
    if "valid" not in states:
        trials = held_out(grid)
        chosen = crossfit.choose(trials, targets["train"], settings.select)
        out_of_fold = joined(chosen, heads)
    else:
        tried = crossfit.tried(
            features, targets["train"], standard.transform(states["valid"]), heads, grid, seed, where
        )
        trials = [Tried(*fields, crossfit.scores(fields[-1], targets["valid"], fields[0])) for fields in tried]
        chosen = crossfit.choose(trials, targets["valid"], settings.select)
        again = held_out({name: [candidate] for name, candidate in candidates_of(chosen).items()})
        out_of_fold = joined({trial.head.name: trial for trial in again}, heads)
    weights = fit(features, targets["train"], heads, candidates_of(chosen), seed, where)
    return Member(weights, standard, trials, chosen, out_of_fold)


def candidates_of(chosen: dict[str, Tried]) -> dict[str, Candidate]:
    return {name: trial.candidate for name, trial in chosen.items()}


def joined(chosen: dict[str, Tried], heads: tuple[Head, ...]) -> np.ndarray:
    """(n, w) the logits of each head's trial, side by side."""
    return np.concatenate([chosen[head.name].logits for head in heads], axis=1)


def table(members: dict[str, Member]) -> pd.DataFrame:
    """One line per member, head, vectorizer and candidate."""
    lines = [
        {"member": name, "head": trial.head.name}
        | (asdict(trial.vectorizer) if trial.vectorizer else {})
        | trial.candidate.record()
        | {key: round(value, 4) for key, value in trial.scores.items()}
        | {"n": len(trial.logits), "chosen": trial is member.chosen[trial.head.name]}
        for name, member in members.items()
        for trial in member.trials
    ]
    return pd.DataFrame(lines, columns=COLUMNS, dtype=object)  # object: a number beside an empty cell stays whole


if __name__ == "__main__":
    stage.run(main)
