"""search: settings of the teacher, tried out on valid (models/<task>/search/<encoder>).

Writes no settings where it is off, so that params alone decide.
"""

from pathlib import Path

from decant import stage
from decant.files import write_json, writing
from decant.params import read


def main(task: str, encoder: str) -> None:
    p = read(task)
    assert not p.search.on
    with writing(Path("models") / task / "search" / encoder) as partial:
        write_json(partial / "settings.json", {})


if __name__ == "__main__":
    stage.run(main)
