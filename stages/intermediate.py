"""intermediate: what the teacher of another task has learnt, as an encoder of this one (models/<task>/encoders/<encoder>.<first>).

In: the first task's teacher and the rows it learnt from, this task's encoder and the fingerprints of its held-out rows.
`transfers` in params.yaml says who learns from whom; adapt takes the encoder where adapt.intermediate is on. The teacher
must be this very encoder, fine-tuned, and must not have read a text that this task is judged by.
"""

import pyarrow.parquet as pq

from decant import checked, paths, stage, tables
from decant.data import held_out
from decant.errors import DataError
from decant.files import writing
from decant.models import lineage
from decant.models.model import load
from decant.settings.base import Section
from decant.settings.transfers import Transfer


class Sections(Section):
    transfers: dict[str, Transfer]


def main(task: str) -> None:
    p = checked.read(Sections, task)
    transfer = p.transfers[task]
    check_texts(task, transfer.first)
    teacher = paths.teacher(transfer.first, transfer.encoder, transfer.seed)
    source = paths.encoder(task, transfer.encoder)
    model = load(teacher)
    lineage.check_same_kind(model.encoder.config, teacher, source, f"transfers.{task}")
    with writing(paths.intermediate(task, transfer.encoder, transfer.first)) as partial:
        lineage.hand_on(
            model.encoder, source, partial, "intermediate", {"first": transfer.first, "seed": transfer.seed}
        )


def check_texts(task: str, first: str) -> None:
    """Raises DataError if the first task has learnt from a text that this task holds out."""
    for split in ("train", "valid"):
        tables.refuse_others(first, split)
    held, counts, example = held_out.read(task), {}, ""
    for file in (*(paths.split_file(first, split) for split in ("train", "valid")), paths.unlabelled(first)):
        if not file.exists():
            raise DataError(f"{file}: missing. Run: dvc repro unlabelled@{first}")
        columns = [name for name in ("text", "raw") if name in pq.read_schema(file).names]
        table = pq.read_table(file, columns=["id", *columns])
        known = sum(held.holds(table[name].to_pylist()) for name in columns) > 0
        counts[file.stem] = int(known.sum())
        example = example or next((str(row_id) for row_id in table["id"].filter(known)), "")
    if any(counts.values()):
        raise DataError(
            f"transfers.{task}: {', '.join(f'{count} rows of {name}' for name, count in counts.items() if count)} of {first} hold "
            f"a text of {task}'s valid, calib or test, e.g. id {example!r}; figures of {task} would be too good. Take those rows "
            f"out of {paths.raw(first)} (and run dvc repro), or take transfers.{task} out"
        )


if __name__ == "__main__":
    stage.run(main)
