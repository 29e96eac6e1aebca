"""intermediate: what the teacher of another task has learnt, as an encoder of this one (models/<task>/encoders/<encoder>.<first>).

In: the first task's teacher and the rows it learnt from, this task's encoder and the fingerprints of its held-out rows.
`transfers` in params.yaml says who learns from whom; adapt takes the encoder where adapt.intermediate is on. The teacher
must be this very encoder, fine-tuned, and must not have read a text that this task is judged by.
"""

from pathlib import Path

import pyarrow.parquet as pq

from decant import stage, tables
from decant.data import held_out
from decant.errors import DataError
from decant.files import writing
from decant.models import lineage
from decant.models.model import load
from decant.settings.params import read


def main(task: str) -> None:
    p = read(task)
    transfer = p.transfers[task]
    check_texts(task, transfer.first)
    teacher = Path("models") / transfer.first / "teachers" / f"{transfer.encoder}-{transfer.seed}"
    source = Path("models") / task / "encoders" / transfer.encoder
    model = load(teacher)
    lineage.check_same_kind(model.encoder.config, teacher, source, f"transfers.{task}")
    with writing(source.with_name(f"{transfer.encoder}.{transfer.first}")) as partial:
        lineage.hand_on(
            model.encoder, source, partial, "intermediate", {"first": transfer.first, "seed": transfer.seed}
        )


def check_texts(task: str, first: str) -> None:
    """Raises DataError if the first task has learnt from a text that this task holds out."""
    held, found, example = held_out.read(task), {}, ""
    for file in (*(tables.split_file(first, split) for split in ("train", "valid")), tables.unlabelled(first)):
        if not file.exists():
            raise DataError(f"{file}: missing. Run: dvc repro unlabelled@{first}")
        columns = [name for name in ("text", "raw") if name in pq.read_schema(file).names]
        table = pq.read_table(file, columns=["id", *columns])
        known = sum(held.holds(table[name].to_pylist()) for name in columns) > 0
        found[file.stem] = int(known.sum())
        example = example or next((str(one) for one in table["id"].filter(known)), "")
    if any(found.values()):
        raise DataError(
            f"transfers.{task}: {', '.join(f'{count} rows of {name}' for name, count in found.items() if count)} of {first} hold "
            f"a text of {task}'s valid, calib or test, e.g. id {example!r}; figures of {task} would be too good. Take those rows "
            f"out of data/raw/{first} (and run dvc repro), or take transfers.{task} out"
        )


if __name__ == "__main__":
    stage.run(main)
