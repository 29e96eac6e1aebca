"""adapt: bring an encoder closer to the task before teachers fine-tune it (models/<task>/adapted/<encoder>).

Passes the encoder through, byte for byte, where every step is off.
"""

import shutil
from pathlib import Path

from decant import stage
from decant.files import writing
from decant.params import read


def main(task: str, encoder: str) -> None:
    p = read(task)
    source = Path("models") / task / "encoders" / encoder
    assert not p.adapt.dapt.on
    with writing(Path("models") / task / "adapted" / encoder) as partial:
        shutil.copytree(source, partial)


if __name__ == "__main__":
    stage.run(main)
