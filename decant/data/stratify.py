"""Placing rows into splits: every label spread evenly, or by time; groups of rows stay whole.

Iterative stratification (Sechidis et al. 2011), here over groups and all heads at once.
"""

import numpy as np

from decant.progress import bar


def marks(targets: np.ndarray, heads) -> np.ndarray:
    """(n, m) booleans to spread evenly: labels as they are, a number by the quarter of its range of ranks."""
    parts = []
    for head in heads:
        part = targets[:, head.slice]
        if not head.labels:
            quarter = (part[:, 0].argsort(kind="stable").argsort(kind="stable") * 4) // len(part)
            part = quarter[:, None] == np.arange(4)
        parts.append(part > 0.5)
    return np.column_stack(parts)


def stratify(
    marks: np.ndarray, groups: np.ndarray, shares: np.ndarray, seed: int, fixed: np.ndarray | None = None
) -> np.ndarray:
    """A split for each row: (n,) indices into shares. Rows of one group share a split.

    The rarest mark goes first, since it leaves the least choice. Each group goes where it brings all its marks, and the
    number of rows, closest to their shares (squared distance over share, as in a chi-squared test), then by lot. Groups
    with the same marks are interchangeable: their whole shares are dealt out at once, which makes a million rows a matter
    of seconds, and only the remainder goes one by one.

    marks: (n, m) booleans. groups: (n,) numbers from 0. shares: (k,), summing to 1; a share of 0 gets nothing.
    fixed: (n,) a split that is settled already, or -1; a group goes with the highest of its rows.
    """
    count = groups.max() + 1
    held = np.zeros((count, marks.shape[1] + 1))  # how often each mark occurs in each group; last, the rows themselves
    np.add.at(held, groups, np.column_stack([marks, np.ones(len(groups))]))
    place = np.full(count, -1)
    if fixed is not None:
        np.maximum.at(place, groups, fixed)
    share = np.outer(shares, held.sum(axis=0))  # (splits, marks)
    missing = share.copy()
    for split in range(len(shares)):
        missing[split] -= held[place == split].sum(axis=0)
    lots = np.random.default_rng(seed)
    kinds, kind_of, sizes = np.unique(held, axis=0, return_inverse=True, return_counts=True)
    kind_of = kind_of.ravel()
    by_kind = np.argsort(kind_of, kind="stable")
    begins = np.r_[0, np.cumsum(sizes)]

    order = np.argsort(held.sum(axis=0), kind="stable")  # the rows are last, and take those without any mark
    done = np.zeros(len(kinds), dtype=bool)
    for mark in bar(order, what="stratify", unit="label"):
        chosen = np.flatnonzero((kinds[:, mark] > 0) & ~done)
        done[chosen] = True
        chosen = chosen[np.argsort(-kinds[chosen, -1], kind="stable")]
        # large groups first, all of one size: they fit worst once the splits fill up
        for alike in np.split(chosen, np.flatnonzero(np.diff(kinds[chosen, -1])) + 1):
            rest = []
            for kind in alike:
                members = by_kind[begins[kind] : begins[kind + 1]]
                members = lots.permutation(members[place[members] < 0])
                wanted = np.maximum(missing[:, mark], 0) * (shares > 0)
                whole = np.floor(wanted / max(wanted.sum(), 1e-9) * len(members) + 1e-9).astype(int)
                whole = np.minimum(whole, np.floor(wanted / kinds[kind, mark] + 1e-9).astype(int))
                ends = np.cumsum(whole)
                for split, end in enumerate(ends):
                    place[members[end - whole[split] : end]] = split
                    missing[split] -= whole[split] * kinds[kind]
                rest.extend(members[ends[-1] :])
            rest = np.array(rest, dtype=int)
            for group in rest[np.argsort(lots.random(len(rest)))]:
                choice = _best(held[group], missing, share, shares > 0, lots)
                place[group] = choice
                missing[choice] -= held[group]
    return place[groups]


def _best(added: np.ndarray, missing: np.ndarray, share: np.ndarray, open_: np.ndarray, lots) -> int:
    mine = added > 0
    add = added[mine]
    gain = np.full(len(open_), -np.inf)  # a share of 0 gets nothing
    gain[open_] = ((2 * missing[open_][:, mine] - add) * add / share[open_][:, mine]).sum(axis=1)
    return lots.choice(np.flatnonzero(gain >= gain.max() - 1e-9))


def by_time(times: np.ndarray, groups: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """A split for each row, the oldest first: (n,) indices into shares, or -1 for a row that has to go.

    A group is as new as its newest row. Its older rows would reach back behind the cut, so that a later split would hold
    rows from before the end of an earlier one: those are the -1. Rows of one moment are never cut apart.
    """
    newest = np.full(groups.max() + 1, np.iinfo(np.int64).min)
    np.maximum.at(newest, groups, times)
    moments, counts = np.unique(newest[groups], return_counts=True)
    done = np.cumsum(counts) / len(times)  # share of the rows up to each moment
    of_moment = np.searchsorted(np.cumsum(shares) - 1e-9, done - counts / len(times) / 2)
    place = np.minimum(of_moment, len(shares) - 1)[np.searchsorted(moments, newest[groups])]
    for split in range(1, len(shares)):
        before = times[(place >= 0) & (place < split)]
        if len(before):
            place[(place == split) & (times <= before.max())] = -1
    return place
