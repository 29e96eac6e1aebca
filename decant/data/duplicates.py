"""Which rows belong together: equal texts, near-duplicates, and rows of one group. What belongs together shares a split.

Near-duplicates are found by MinHash over character 5-grams of the normal form, in bands (locality-sensitive hashing), so
that no text is compared with all others. A similarity is estimated from 128 hashes, with a standard error of at most
0.044; single links join clusters, as a copy of a copy is a copy.
"""

import re
from itertools import pairwise

import numpy as np
import pandas as pd
from rensa import RMinHash
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from decant.progress import bar
from decant.text import HAN, KANA, normal_form

HASHES = 128
GRAM = 5  # characters; words would say nothing about posts of four words
DENSE = re.compile(f"[{HAN}{KANA}]")
RECALL = 0.99  # least chance that a pair just at the threshold shares a band
CHARACTERS = 3_000_000  # of texts cut into grams at a time, which bounds the memory
CHUNK = 20_000  # pairs compared at a time, likewise
SEED = 1  # of the hash functions


def exact(texts: list[str]) -> tuple[np.ndarray, list[str]]:
    """(n,) a number per row, the same for equal normal forms, and the normal forms by that number."""
    found = [normal_form(text) for text in bar(texts, what="normal forms", unit="text")]
    codes, forms = pd.factorize(np.array(found, dtype=object))
    return codes, forms.tolist()


def near(forms: list[str], threshold: float) -> np.ndarray:
    """(n,) a cluster per text, for texts in normal form that are all different. threshold: Jaccard similarity, 0.4 to 1."""
    if threshold >= 1 or len(forms) < 2:
        return np.arange(len(forms))
    signatures = np.empty((len(forms), HASHES), dtype=np.uint32)
    ends = np.searchsorted(np.cumsum([len(form) for form in forms]) // CHARACTERS, np.arange(len(forms)), side="right")
    cuts = [0, *np.unique(ends)]
    for start, end in bar([*pairwise(cuts)], what="near-duplicates: hash", unit="chunk"):
        part = [grams(form) for form in forms[start:end]]
        signatures[start:end] = RMinHash.digest_matrix_from_token_sets(part, HASHES, SEED).to_rows()
    cluster = np.arange(len(forms))
    for band in bar(bands(threshold), what="near-duplicates: compare", unit="band"):
        left, right = candidates(signatures[:, band])
        apart = cluster[left] != cluster[right]  # what an earlier band has joined needs no second look
        left, right = left[apart], right[apart]
        alike = np.zeros(len(left), dtype=bool)
        for start in range(0, len(left), CHUNK):
            pair = slice(start, start + CHUNK)
            alike[pair] = (signatures[left[pair]] == signatures[right[pair]]).mean(axis=1) >= threshold
        cluster = components(int(cluster.max()) + 1, cluster[left[alike]], cluster[right[alike]])[cluster]
    return pd.factorize(cluster)[0]


def grams(form: str) -> list[str]:
    """Character 5-grams; a shorter text is one gram of its own.

    A character of Chinese or Japanese counts three times, as a word of it has two and one of five letters: of 36 that differ
    in one, 87 % of the grams are then the same, and not 73 %.
    """
    if not form.isascii():
        form = DENSE.sub(r"\g<0>\g<0>\g<0>", form)
    return [form[start : start + GRAM] for start in range(max(1, len(form) - GRAM + 1))]


def bands(threshold: float) -> list[slice]:
    """As few bands of as many hashes as still let a pair at the threshold share one with a chance of RECALL."""
    rows = max(r for r in range(1, HASHES + 1) if 1 - (1 - threshold**r) ** (HASHES // r) >= RECALL)
    return [slice(start, start + rows) for start in range(0, HASHES // rows * rows, rows)]


def candidates(part: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of rows with equal hashes in one band: each row with the one before it and with the first of its bucket."""
    keys = pd.util.hash_array(np.ascontiguousarray(part[:, 0]).astype(np.uint64))
    for column in part.T[1:]:
        keys = pd.util.hash_array(keys ^ column.astype(np.uint64))
    order = np.argsort(keys, kind="stable")
    sorted_keys = keys[order]
    same = np.flatnonzero(sorted_keys[1:] == sorted_keys[:-1]) + 1
    begins = np.r_[0, np.flatnonzero(sorted_keys[1:] != sorted_keys[:-1]) + 1]
    first = begins[np.searchsorted(begins, same, side="right") - 1]
    others = np.where(first == same - 1, -1, first)  # the pair is there already
    left, right = np.r_[order[same], order[same[others >= 0]]], np.r_[order[same - 1], order[others[others >= 0]]]
    return left, right


def clusters(near: np.ndarray, equal: np.ndarray) -> dict[str, int]:
    """How many clusters have two rows or more, how many of them two texts or more, their rows, and the largest."""
    sizes, texts = np.bincount(near), pd.DataFrame({"near": near, "equal": equal}).groupby("near")["equal"].nunique()
    return {
        "clusters": int((sizes > 1).sum()),
        "clusters_near": int((texts > 1).sum()),
        "rows_in_clusters": int(sizes[sizes > 1].sum()),
        "largest_cluster": int(sizes.max()),
    }


def headings(near: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """(n,) the name of each row's cluster: the first id in it. ids: sorted."""
    first = np.unique(near, return_index=True)[1]
    return ids[first[near]]


def joined(*labels: np.ndarray) -> np.ndarray:
    """(n,) clusters of rows that any of the labelings (n,) puts together, directly or through others; -1 joins nothing."""
    left, right = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    for codes in labels:
        order = np.argsort(codes, kind="stable")
        same = np.flatnonzero((codes[order][1:] == codes[order][:-1]) & (codes[order][1:] >= 0))
        left.append(order[same])
        right.append(order[same + 1])
    return components(len(labels[0]), np.concatenate(left), np.concatenate(right))


def components(count: int, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """(count,) the connected component of each node, numbered by their first nodes."""
    graph = coo_array((np.ones(len(left), dtype=bool), (left, right)), shape=(count, count))
    return pd.factorize(connected_components(graph, directed=False)[1])[0]
