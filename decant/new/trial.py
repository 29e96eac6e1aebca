"""A proposed task, tried: every row goes through what prepare and split do, and what follows for the block is proposed."""

import math
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd

from decant import decision, tables
from decant.data import duplicates, labels, lines, sources, stratify
from decant.data.rows import Recipe
from decant.errors import DataError
from decant.heads import labelled
from decant.new import lengths
from decant.new.blocks import Block
from decant.new.call import Call
from decant.new.rare import advice, in_common
from decant.paths import SPLITS
from decant.progress import bar
from decant.settings.decision import rule_of
from decant.settings.heads import heads_of
from decant.settings.params import TaskParams

FEW_ROWS, FEW_OF_A_CLASS = 200, 5  # below, a warning
# split -> where its rows come from if the data lacks it: the first of these that is given, and the share of it
CARVE = {"valid": {"train": 0.15}, "calib": {"valid": 0.5, "train": 0.15}, "test": {"train": 0.15}}


class Trial:
    """What prepare would make of the rows, and what follows for split and tokens."""

    def __init__(self, p: TaskParams, folder: Path, formats: dict[Path, str], call: Call):
        """Raises DataError as prepare does: for the first row that is not what the block says."""
        source, self.p, self.call, self.bare = p.source, p, call, ""
        heads, rule = heads_of(p.heads), rule_of(p.decision)
        cleaning, linear = p.cleaning.model_dump(), p.linear_text.model_dump()
        recipe = Recipe(folder, source, heads, rule, cleaning, linear, None, len(formats) > 1)
        self.counts, parts, work = Counter(), [], recipe.worker()
        kept = ["id", "text", "answer", "split", *(["group"] if source.group else []), *tables.columns(recipe.heads)]
        with bar(total=lines.about(formats), what="try every row", unit="row") as shown:
            for batch in sources.batches(formats, source, recipe.needed):
                done = work(batch)
                self.counts.update(done.counts)
                parts.append(done.table.select(kept).to_pandas())
                shown.update(len(batch))
        frame = pd.concat(parts, ignore_index=True)
        if frame.empty:
            raise DataError(
                f"{folder}: no row has both a text and a label. Name other columns: {call.instead(text=[], label=[], null=[])}"
            )
        self.everywhere(recipe, len(frame))
        # in the order of the split stage, which places rows as it meets them
        self.frame = frame.iloc[np.argsort(frame["id"].to_numpy(), kind="stable")].reset_index(drop=True)
        targets = tables.targets(self.frame, recipe.heads, str(folder))
        self.answers, self.classes = decision.gold(recipe.rule, recipe.heads, targets), recipe.classes
        self.spread = np.column_stack([self.answers, stratify.marks(targets, recipe.heads)])
        self.support = {  # rows of every label of a head
            label: int((column > 0.5).sum())
            for head in labelled(recipe.heads)
            for label, column in zip(head.labels, head.of_labels(targets[:, head.slice]).T, strict=True)
        }
        self.equal, forms = duplicates.exact(self.frame["text"].tolist())
        self.alike = duplicates.joined(self.equal, duplicates.near(forms, p.split.near)[self.equal])
        self.given = self.frame["split"].map(SPLITS.index).to_numpy() if source.splits else None

    def everywhere(self, recipe: Recipe, rows: int) -> None:
        """Raises DataError: a label that every row has."""
        for head in labelled(recipe.heads):
            for label in head.labels:
                if self.counts[labels.held_key(head, label)] == rows > 1:
                    raws = (self.p.source.labels[head.name].classes or {}).get(label, [label])
                    column = (self.p.source.labels[head.name].columns or {}).get(label)
                    out = ("--ignore", column) if column else [part for raw in raws for part in ("--null", raw)]
                    raise DataError(
                        f"label {label!r} holds in all of {rows:,} rows, so that nothing can be learnt about it. Leave it out: "
                        f"{self.call.again(*out)}"
                    )

    def propose(self, block: Block) -> tuple[list[str], list[str]]:
        """Set split and tokens, and print them with their reasons; returns what will stop the stages, and warnings.

        Raises DataError: a split gets no row, train and test share no class, or the encoder does not know the language.
        """
        together = self.together(block)
        place = self.placed(together, self.carve(block) if self.given is not None else {})
        if self.given is not None:
            latest = pd.Series(place).groupby(together).transform("max").to_numpy()
            leaking = place < latest
            if leaking.any():
                note = f"{of(int(leaking.sum()))} with a text that a later split holds too, or nearly so"
                block.put("split", "leaks", value="drop", note=note)
                print(f"split.leaks: drop ({note})")
            place = np.where(leaking, -1, place)
        else:
            self.drift(block, place, together)
        stops = self.least(block, place)
        in_common(self.classes, self.answers, place, self.call)
        return stops, [
            *lengths.propose(block, self.p, self.frame["text"].tolist(), self.call),
            *self.warnings(),
        ]

    def together(self, block: Block) -> np.ndarray:
        """(n,) rows that share a split. Takes the group out of the block where the given splits cut through it."""
        if "group" not in self.frame:
            return self.alike
        group, (column,) = self.frame["group"], self.p.source.group.columns
        codes = pd.factorize(group.where(group != ""))[0]
        both = duplicates.joined(self.alike, codes)
        if self.given is None:
            return both
        split = pd.Series(self.given)[codes >= 0]
        span = split.groupby(codes[codes >= 0]).agg(["nunique", "size"])
        cut = span[span["nunique"] > 1]
        if cut.empty:
            return both
        leaking = [
            int((self.given < pd.Series(self.given).groupby(together).transform("max")).sum())
            for together in (both, self.alike)
        ]
        del block.tree["source"]["group"], block.notes["source", "group"]
        print(
            f"group: none after all ({len(cut):,} of {len(span):,} values of {column} have rows in two given splits or more, "
            f"{of(int(cut['size'].sum()))} in all; to keep them together, {of(leaking[0] - leaking[1])} would be dropped from the earlier "
            "splits)"
        )
        return self.alike

    def placed(self, together: np.ndarray, carve: dict[str, dict]) -> np.ndarray:
        """(n,) the split of every row, as an index into SPLITS, as the split stage places it.

        Raises DataError: a split gets no row.
        """
        split = self.p.split
        if self.given is None:
            shares = np.array([split.train, split.valid, split.calib, split.test])
            place = stratify.stratify(self.spread, together, shares, split.seed)
            filled = shares > 0
        else:
            place, filled = self.given.copy(), np.ones(len(SPLITS), dtype=bool)
            for name, part in carve.items():
                rows = np.flatnonzero(place == SPLITS.index(part["source"]))
                shares = np.array([1 - part["share"], part["share"]])
                taken = stratify.stratify(self.spread[rows], pd.factorize(together[rows])[0], shares, split.seed) == 1
                place[rows[taken]] = SPLITS.index(name)
        empty = [name for index, name in enumerate(SPLITS) if filled[index] and not (place == index).any()]
        if empty:
            raise DataError(
                f"{of(len(place))} make {of(together.max() + 1, 'piece')} (equal and similar texts, and rows of one group, "
                f"stay together): too few for {', '.join(SPLITS)}, {empty[0]} would be empty. Add rows"
                + (
                    f", or leave the group out: {self.call.again('--ignore', self.p.source.group.columns[0])}"
                    if self.p.source.group
                    else f", or make new splits: {self.call.again('--no-splits')}"
                    if self.given is not None
                    else ""
                )
            )
        return place

    def carve(self, block: Block) -> dict[str, dict]:
        splits, missing = self.p.source.splits, {}
        given = [name for name in SPLITS if name in (splits.files or splits.values)]
        for name in SPLITS:
            if name not in given:
                source = next(split for split in CARVE[name] if split in given)
                missing[name] = {"source": source, "share": CARVE[name][source]}
                print(
                    f"split.carve: {name} ({missing[name]['share'] * 100:.0f} % of {source}, since the data has none)"
                )
        if missing:
            block.put("split", "carve", value=missing, note="splits that the data does not bring")
        return missing

    def drift(self, block: Block, place: np.ndarray, together: np.ndarray) -> None:
        """Propose a larger split.max_drift where the rows cannot be spread as evenly as the default asks."""
        overall, allowed = self.answers.mean(axis=0), self.p.split.max_drift
        held = {
            name: self.answers[place == index].mean(axis=0)
            for index, name in enumerate(SPLITS)
            if (place == index).any()
        }
        split = max(held, key=lambda name: np.abs(held[name] - overall).max())
        worst = int(np.abs(held[split] - overall).argmax())
        drift = float(np.abs(held[split] - overall)[worst])
        if drift > allowed:
            value = min(1.0, math.ceil(drift * 100) / 100)
            rows, largest = of(int((place == SPLITS.index(split)).sum())), int(np.bincount(together).max())
            here, all_ = (f"{share[worst] * 100:.0f} %" for share in (held[split], overall))
            why = f"{split} has {here} {self.classes[worst]}, all rows {all_}"
            block.put("split", "max_drift", value=value, note=f"{why}; the default is {allowed}")
            pieces = f" and up to {largest:,} rows stay together" if largest > 1 else ""
            print(f"split.max_drift: {value}, above the default {allowed} ({why}: {split} gets {rows}{pieces})")

    def least(self, block: Block, place: np.ndarray) -> list[str]:
        """Propose a lower split.least where classes have too few rows for the default. Classes that some split would not
        hold at all do not count: they are named in a warning, since only a person knows what they are."""
        default = self.p.split.least
        held = np.array([np.bincount(place[rows & (place >= 0)], minlength=len(SPLITS)) for rows in self.answers.T])
        total = self.answers.sum(axis=0)
        rare = (held.min(axis=1) == 0) | (total < FEW_OF_A_CLASS)
        pool = np.flatnonzero(~rare if not rare.all() else rare)
        lowest = pool[held[pool].min(axis=1).argmin()]
        least = min(default, int(held[lowest].min()))
        if least < default:
            short = SPLITS[int(held[lowest].argmin())]
            note = f"{self.classes[lowest]} has {of(int(total[lowest]))}, {short} gets {held[lowest].min()}"
            block.put("split", "least", value=least, note=f"{note}; the default is {default}")
            print(f"split.least: {least}, below the default {default} ({note})")
            if not least:
                self.bare = (
                    f"split.least: 0 takes a guard away, for {note}: a split may lack a class, and nobody stops it"
                )
        stops = {}
        for index in np.flatnonzero(rare & (held.min(axis=1) < least)):
            short = SPLITS[int(held[index].argmin())]
            stops[self.classes[index]] = f"{of(int(total[index]))}, {held[index].min() or 'none'} in {short}"
        for name in stops:
            self.support.pop(name, None)  # the warning says it all
        return [advice(block, self.p, stops, least)] if stops else []

    def warnings(self) -> list[str]:
        warnings, rows = [self.bare] if self.bare else [], len(self.frame)
        if self.counts["rows_empty"]:
            warnings.append(f"{of(self.counts['rows_empty'])} without a text, left out")
        answers = self.frame["answer"].groupby(self.equal).nunique()
        if (answers > 1).any():
            warnings.append(
                f"{of(int((answers > 1).sum()), 'text')} with more than one answer; see duplicates.conflicts"
            )
        if rows < FEW_ROWS:
            warnings.append(f"{of(rows)} in all are few; every figure will have a wide interval")
        return warnings + [
            f"class {label} has {of(support)}; next to nothing can be learnt or said about it"
            for label, support in self.support.items()
            if support < FEW_OF_A_CLASS
        ]


def of(count: int, what: str = "row") -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
