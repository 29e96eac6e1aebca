"""check: params.yaml merged with its defaults and validated, and what code each stage runs (checked/).

In: params.yaml, constraints.txt, decant/ and stages/. Out: checked/<task>.json, checked/shared.json and checked/code.json,
which git keeps and every later stage declares: its own sections, and its own digest. So a key, a function or a pinned
version runs those stages again that use it, and a comment none. A wrong key stops here, before anything else runs.
"""

from decant import checked, paths, stage
from decant.files import write_json, writing
from decant.settings import check


def main() -> None:
    contents = check.contents()  # all of it, before anything is written
    with writing(paths.CHECKED_FOLDER) as partial:
        for name, content in contents.items():
            write_json(partial / f"{name}.json", content)
    print(f"checked: {len(contents) - 2} tasks, the code of {len(contents[checked.CODE])} stages")


if __name__ == "__main__":
    stage.run(main)
