"""New texts from old ones, for a student to learn what the ensemble says of them (Tang et al. 2019).

The texts need not be good: each is labelled by what the ensemble finds in it, so nothing claims that a label survived.
"""

import numpy as np

DROPPED = 0.15  # share of words left out
MIXED = 0.5  # share of copies that take a run of words from another text of the same answer


def copies(texts: list[str], answers: list[str], count: int, seed: int) -> list[str]:
    """count texts for each of `texts`, in their order: words left out at random, and half of them with a run of words
    of another row of the same answer in place of one of their own. A copy without a word is left out."""
    rng = np.random.default_rng(seed)
    words = [text.split() for text in texts]
    rows: dict[str, list[int]] = {}
    for row, answer in enumerate(answers):
        rows.setdefault(answer, []).append(row)
    made = []
    for row, own in enumerate(words):
        for _ in range(count):
            text = own
            if rng.random() < MIXED:
                other = words[rows[answers[row]][rng.integers(len(rows[answers[row]]))]]
                size = 1 + rng.integers(max(len(own) // 2, 1))
                there, here = rng.integers(max(len(other) - size, 0) + 1), rng.integers(max(len(own) - size, 0) + 1)
                text = [*own[:here], *other[there : there + size], *own[here + size :]]
            kept = [word for word in text if rng.random() >= DROPPED]
            made.append(" ".join(kept))
    return [text for text in made if text]
