"""The linear member as the files of a bundle, which `decant.shipped.linear` opens: without scikit-learn, and calibrated."""

from pathlib import Path

import numpy as np

from decant.files import write_json, writing
from decant.heads import Head, labelled
from decant.members import linear
from decant.shipped.linear import TERMS, WEIGHTS


def write(member: Path, heads: tuple[Head, ...], temperatures: dict[str, float], folder: Path) -> None:
    """terms.json and weights.npy in `folder`. member: the folder of the baseline. temperatures: of the linear member, by head;
    the layer is divided by them.

    float32, half the bytes of what was fitted: on scam's valid rows no logit moves by more than 2e-6.

    Raises CacheError: the baseline is missing or its files disagree.
    """
    tfidf = linear.Tfidf.load(member)
    weights, _ = linear.load_weights(member / "linear.safetensors")
    layer, intercept = weights.coef.copy(), weights.intercept.copy()
    for head in labelled(heads):
        layer[:, head.slice] /= temperatures[head.name]
        intercept[head.slice] /= temperatures[head.name]
    of_terms = np.concatenate([tfidf.weighers[kind].idf_ for kind in tfidf.counters])
    longest = {"word": tfidf.settings.word_ngrams, "char": tfidf.settings.char_ngrams}
    told = {
        kind: {"ngrams": longest[kind], "terms": counter.get_feature_names_out().tolist()}
        for kind, counter in tfidf.counters.items()
    }
    (folder / TERMS).parent.mkdir(parents=True, exist_ok=True)
    write_json(folder / TERMS, told | {"intercept": intercept.tolist()})
    with writing(folder / WEIGHTS) as partial, open(partial, "wb") as file:
        np.save(file, np.column_stack([of_terms, layer]).astype(np.float32), allow_pickle=False)
