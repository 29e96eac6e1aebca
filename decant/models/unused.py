"""An encoder that teaches other tasks only: dvc.yaml pairs every task with every encoder, and with this one the task does
nothing. A folder with a mark takes the place of the encoder, and each stage behind it hands the mark on.
"""

from pathlib import Path

from decant.files import write_json, writing

MARK = "unused.json"


def put(folder: Path, task: str, encoder: str) -> None:
    """A folder with nothing but the mark."""
    with writing(folder) as partial:
        write_json(partial / MARK, {"unused": f"{encoder} is not among the teachers of {task}"})


def marked(folder: Path) -> bool:
    return (folder / MARK).exists()
