"""A proposed task, tried: every row goes through what prepare does, and what follows for splits and tokens is proposed."""

import importlib
import importlib.util
import math
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
from tokenizers import Tokenizer

from decant import duplicates, rawfiles
from decant.errors import DataError
from decant.new.blocks import Block
from decant.params import TaskParams
from decant.rows import Recipe
from decant.source import SPLITS

LENGTHS = (32, 48, 64, 96, 128, 192, 256)  # of tokens.max_length
SAMPLE = 5000  # texts to tokenize
FEW_ROWS, FEW_OF_A_CLASS = 200, 5  # below, a warning
# split -> where its rows come from if the data lacks it: the first of these that is given, and the share of it
CARVE = {"valid": {"train": 0.15}, "calib": {"valid": 0.5, "train": 0.15}, "test": {"train": 0.15}}


class Trial:
    """What prepare would make of the rows, and what follows for split and tokens."""

    def __init__(self, p: TaskParams, folder: Path, found: dict[Path, str]):
        """Raises DataError as prepare does: for the first row that is not what the block says."""
        source, self.p = p.source, p
        heads = {name: head.model_dump() for name, head in p.heads.items()}
        recipe = Recipe(
            folder, source, heads, p.decision.model_dump(), p.cleaning.model_dump(), p.linear_text.model_dump(), None,
            len(found) > 1,
        )  # fmt: skip
        self.counts, self.support, answers = Counter(), Counter(), {}
        frames, ids, texts, groups, work = [], [], [], [], recipe.worker()
        for path, form in found.items():
            for batch in rawfiles.batches(path, form, source.encoding, source.delimiter):
                done = work(batch)
                self.counts.update(done.counts)
                answers |= done.answers
                ids.append(done.hashes["id"])
                texts += done.table["text"].to_pylist()
                groups += done.table["group"].to_pylist() if source.group else []
                frames.append(pd.DataFrame({name: done.hashes[name] for name in ("text", "answer", "split")}))
                for head in recipe.heads:
                    if head.kind == "softmax":
                        self.support.update(done.table[head.name].to_pylist())
                    for label in head.labels if head.kind == "sigmoid" else ():
                        self.support[label] += sum(done.table[f"{head.name}.{label}"].to_pylist())
        if twice := len(np.concatenate(ids)) - len(np.unique(np.concatenate(ids))):
            raise DataError(
                f"id: column {source.id!r} repeats a value in {of(twice)}; ids must be unique. --id names another"
            )
        if not texts:
            raise DataError(f"{folder}: no row has both a text and a label")
        self.sample = texts[:: -(-len(texts) // SAMPLE)]
        self.frame = pd.concat(frames, ignore_index=True)
        equal, forms = duplicates.exact(texts)
        kinds = [equal, duplicates.near(forms, p.split.near)[equal]]
        kinds += [pd.factorize(pd.Series(groups).where(pd.Series(groups) != ""))[0]] if source.group else []
        self.frame["unit"] = duplicates.joined(*kinds)  # rows that share a split
        latest = self.frame.groupby("unit")["split"].transform("max")
        self.frame["leaks"] = self.frame["split"] < latest
        self.members = {  # final class -> its rows
            name: self.frame[self.frame["answer"].isin([code for code, one in answers.items() if name in one])]
            for name in recipe.classes
        }

    def propose(self, block: Block) -> None:
        """Set split and tokens, and print them with their reasons and the warnings."""
        given = self.p.source.splits
        if given:
            self.carve(block, [name for name in SPLITS if name in (given.files or given.values)])
        placed, name = min((self.placed(rows, block), name) for name, rows in self.members.items())
        least = max(0, math.floor(placed) - 1)
        if least < self.p.split.least:
            note = f"{name} has {of(len(self.members[name]))} in {of(self.members[name]['unit'].nunique(), 'cluster')}"
            block.put("split", "least", value=least, note=note)
            print(f"split.least: {least} ({note} of equal or similar texts, about {placed:.1f} for its smallest split)")
        step = 1.5 / (self.frame["unit"].nunique() * min(self.shares()))
        if not given and step > self.p.split.max_drift:
            drift = min(1.0, math.ceil(step * 100) / 100)
            block.put("split", "max_drift", value=drift, note="one cluster is much in the smallest split")
            print(
                f"split.max_drift: {drift} (the smallest split has room for about {of(round(1.5 / step), 'cluster')})"
            )
        self.tokens(block)
        self.warn()

    def shares(self) -> list[float]:
        split = self.p.split
        return [share for share in (split.train, split.valid, split.calib, split.test) if share]

    def placed(self, rows: pd.DataFrame, block: Block) -> float:
        """How many clusters of these rows the split with the fewest gets; a cluster (or group) is in one split."""
        rows = rows[~rows["leaks"]]
        if not self.p.source.splits:
            return rows["unit"].nunique() * min(self.shares())
        held = {name: float(rows.loc[rows["split"] == index, "unit"].nunique()) for index, name in enumerate(SPLITS)}
        for name, part in block.tree["split"].get("carve", {}).items():
            held[name] = held[part["source"]] * part["share"]
            held[part["source"]] -= held[name]
        return min(held.values())

    def carve(self, block: Block, given: list[str]) -> None:
        missing = {}
        for name in SPLITS:
            if name not in given:
                source = next(one for one in CARVE[name] if one in given)
                missing[name] = {"source": source, "share": CARVE[name][source]}
                print(
                    f"split.carve: {name} ({missing[name]['share'] * 100:.0f} % of {source}, since the data has none)"
                )
        if missing:
            block.put("split", "carve", value=missing, note="splits that the data does not bring")
        if leaks := int(self.frame["leaks"].sum()):
            note = f"{of(leaks)} with a text that a later split holds too, or nearly so"
            block.put("split", "leaks", value="drop", note=note)
            print(f"split.leaks: drop ({note})")

    def tokens(self, block: Block) -> None:
        name = self.p.distil.encoder
        packages = [one.removeprefix("package:") for one in self.p.encoder(name).sources if one.startswith("package:")]
        package = next((one for one in packages if importlib.util.find_spec(one)), None)
        if package is None:
            print(
                f"tokens: max_length {self.p.tokens.max_length}, the default (encoder {name} is not installed to count them)"
            )
            return
        tokenizer = Tokenizer.from_file(str(Path(importlib.import_module(package).get_model_path()) / "tokenizer.json"))
        tokenizer.no_padding()
        tokenizer.no_truncation()
        sizes = np.array([len(one.ids) for one in tokenizer.encode_batch(self.sample)])
        half, most, nearly = np.percentile(sizes, [50, 95, 99])
        length = next((one for one in LENGTHS if one >= nearly), LENGTHS[-1])
        whole = (sizes <= length).mean()
        block.put("tokens", "max_length", value=length, note=f"holds {whole * 100:.1f} % of the texts whole")
        print(
            f"tokens: max_length {length} ({len(sizes):,} texts have {half:.0f} tokens in the middle, 95 % at most {most:.0f}, "
            f"99 % at most {nearly:.0f}; {whole * 100:.1f} % stay whole)"
        )

    def warn(self) -> None:
        rows = len(self.frame)
        if rows < FEW_ROWS:
            print(f"warning: {of(rows)} in all are few; every figure will have a wide interval")
        for label in dict.fromkeys(label for head in self.p.heads.values() for label in head.labels):
            if self.support[label] < FEW_OF_A_CLASS:
                print(
                    f"warning: class {label} has {of(self.support[label])}; next to nothing can be learnt or said about it"
                )
        for key, what in (("rows_empty", "text"), ("rows_unlabelled", "label")):
            if self.counts[key]:
                print(f"warning: {of(self.counts[key])} without a {what}, left out")
        answers = self.frame.groupby("text")["answer"].nunique()
        if (answers > 1).any():
            texts = of(int((answers > 1).sum()), "text")
            print(f"warning: {texts} with more than one answer; see duplicates.conflicts")


def of(count: int, what: str = "row") -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
