"""baseline: the two contestants that anything larger has to beat, and members of the ensemble.

`linear`: TF-IDF of words and characters + logistic regression. `probe`: logistic regression on the embeddings of the
frozen encoder. The strength of each head comes from cross-validation inside train; vectorizers are fitted inside
each fold. The same folds give out-of-fold logits of the train rows: soft labels from a model that never saw the row.
"""

import warnings
from pathlib import Path

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import StratifiedKFold
from threadpoolctl import threadpool_limits

from decant import decision, linear, scores, stage, tables
from decant.encoder import WEIGHTS, load_tokenizer, load_weights, pooling
from decant.errors import DataError
from decant.files import digest, write_metrics
from decant.heads import layout
from decant.model import embed
from decant.params import read


def main(task: str) -> None:
    p = read(task)
    heads = layout({name: head.model_dump() for name, head in p.heads.items()})
    train = tables.load(task, "train", heads)
    texts, words, targets = train["text"].tolist(), train["linear"].tolist(), tables.targets(train, heads)
    answers = decision.gold(p.decision.model_dump(), heads, targets)
    fold = folds(answers, p.baseline.folds, p.baseline.seed, task)
    folder = Path("models") / task / "baseline"
    encoder = Path("models") / task / "encoders" / p.baseline.probe_encoder

    def tfidf_of(rows: np.ndarray, others: np.ndarray):
        tfidf = linear.Tfidf(p.baseline.word_ngrams, p.baseline.char_ngrams, p.baseline.min_df)
        tfidf.fit([words[row] for row in rows])
        return tfidf.transform([words[row] for row in rows]), tfidf.transform([words[row] for row in others])

    with threadpool_limits(p.threads), warnings.catch_warnings():
        # a fit that stops early is not the model its C says; it is an error here, not a line in a log
        warnings.simplefilter("error", ConvergenceWarning)
        chosen, linear_logits, linear_losses = linear.cross_fit(
            tfidf_of, targets, heads, p.baseline.strengths, fold, "linear"
        )
        tfidf = linear.Tfidf(p.baseline.word_ngrams, p.baseline.char_ngrams, p.baseline.min_df).fit(words)
        features = tfidf.transform(words)
        tfidf.save(folder)
        linear.save_weights(folder / "linear.safetensors", linear.fit(features, targets, heads, chosen))

        torch.set_num_threads(p.threads)
        embeddings = embed(
            load_weights(encoder), load_tokenizer(encoder), texts, p.tokens.max_length, pooling(encoder), "embed train"
        )

        def embeddings_of(rows: np.ndarray, others: np.ndarray):
            standard = linear.Standard.fit(embeddings[rows])
            return standard.transform(embeddings[rows]), standard.transform(embeddings[others])

        probe_chosen, probe_logits, probe_losses = linear.cross_fit(
            embeddings_of, targets, heads, p.baseline.probe_strengths, fold, "probe"
        )
        standard = linear.Standard.fit(embeddings)
        probe = linear.fit(standard.transform(embeddings), targets, heads, probe_chosen)
        linear.save_weights(folder / "probe.safetensors", probe, standard)

    scores.save(
        folder / "out_of_fold.safetensors",
        train["id"].tolist(),
        {"linear": linear_logits, "probe": probe_logits},
        {"train": digest(tables.split_file(task, "train")), "encoder": digest(encoder / WEIGHTS)},
    )
    write_metrics(
        f"metrics/{task}/baseline.json",
        {
            "n": len(texts),
            "features": features.shape[1],
            "linear": {name: {"C": chosen[name]} | linear_losses[name] for name in chosen},
            "probe": {name: {"C": probe_chosen[name]} | probe_losses[name] for name in probe_chosen},
        },
    )


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


if __name__ == "__main__":
    stage.run(main)
