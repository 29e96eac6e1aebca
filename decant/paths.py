"""Where everything lies: one function per file or folder that stages hand to one another.

All are relative to the repository's root, where every stage runs. What lies inside a folder is named by who writes it.
"""

from pathlib import Path

SPLITS = ("train", "valid", "calib", "test")

CHECKED_FOLDER = Path("checked")


def checked(name: str) -> Path:
    """name: a task, shared or code."""
    return CHECKED_FOLDER / f"{name}.json"


def frozen(task: str) -> Path:
    """Folder of the manifests of test sets that were frozen."""
    return Path("frozen") / task


CHAMPIONS_FOLDER = Path("champions")


def times(task: str) -> Path:
    """Seconds of each stage; git ignores it."""
    return Path("metrics") / task / "times.json"


def champion(task: str) -> Path:
    """What the released classifier answers on its test rows, by hash; git keeps it."""
    return CHAMPIONS_FOLDER / f"{task}.json"


# data/: rows


def raw(task: str) -> Path:
    """Folder of the raw files."""
    return Path("data/raw") / task


def prepared(task: str) -> Path:
    return Path("data") / task / "prepared.parquet"


def conflicts(task: str) -> Path:
    return Path("data") / task / "conflicts.csv"


def split_file(task: str, split: str) -> Path:
    return Path("data") / task / f"{split}.parquet"


def duplicates(task: str) -> Path:
    return Path("data") / task / "duplicates.csv"


def held_out(task: str) -> Path:
    return Path("data") / task / "held_out.parquet"


def taught(task: str) -> Path:
    """What the rows of train teach."""
    return Path("data") / task / "taught.safetensors"


def unlabelled(task: str) -> Path:
    return Path("data") / task / "unlabelled.parquet"


# models/: what was learnt, and what ships


def hub(name: str) -> Path:
    """Folder for an encoder that is fetched by hand; git ignores it."""
    return Path("models/hub") / name


def encoder(task: str, name: str) -> Path:
    """Folder of an encoder as it was published."""
    return Path("models") / task / "encoders" / name


def adapt_record(folder: Path) -> Path:
    """What the steps of adapt have done to the encoder in `folder`; an encoder as it was published may have none."""
    return folder / "adapt.json"


def intermediate(task: str, name: str, first: str) -> Path:
    """Folder of the encoder inside the teacher of the task `first`."""
    return Path("models") / task / "encoders" / f"{name}.{first}"


def adapted(task: str, name: str) -> Path:
    """Folder of an encoder as adapted, or passed through."""
    return Path("models") / task / "adapted" / name


def gain(task: str, name: str) -> Path:
    """What adapting the encoder is worth."""
    return Path("models") / task / "gain" / f"{name}.json"


def search(task: str, name: str) -> Path:
    """Folder of the settings found for teachers with the encoder."""
    return Path("models") / task / "search" / name


def baseline(task: str) -> Path:
    """Folder of the linear members."""
    return Path("models") / task / "baseline"


def teacher(task: str, name: str, seed: int | str) -> Path:
    """Folder of the encoder's teacher of one seed."""
    return Path("models") / task / "teachers" / f"{name}-{seed}"


def soft(task: str) -> Path:
    """Folder of what the members and the ensemble say, split by split."""
    return Path("models") / task / "soft"


def student(task: str) -> Path:
    """Folder of the student in torch."""
    return Path("models") / task / "student"


def capacity(task: str) -> Path:
    """Folder of the table of students of other sizes."""
    return Path("models") / task / "capacity"


def onnx(task: str) -> Path:
    """The student in fp32."""
    return Path("models") / task / "onnx" / "model.onnx"


def quantized(task: str) -> Path:
    """The student in int8."""
    return Path("models") / task / "onnx" / "model_quantized.onnx"


def thresholds(task: str) -> Path:
    """Contestant -> threshold of each class; its figures are in metrics/."""
    return Path("models") / task / "thresholds.json"


def bundle(task: str) -> Path:
    return Path("models") / task / "bundle"


def predictions(task: str) -> Path:
    return Path("models") / task / "predictions.parquet"


# metrics/: figures and pages


def metrics(task: str, name: str) -> Path:
    """name: mostly the stage, e.g. split; also manifest, test, paired, subgroups, headline and provenance."""
    return Path("metrics") / task / f"{name}.json"


def table(task: str, name: str) -> Path:
    """name: baseline (all candidates) or calibration (all bins)."""
    return Path("metrics") / task / f"{name}.csv"


def page(task: str, name: str) -> Path:
    """name: data, report or card. The first two have an .html beside them."""
    return Path("metrics") / task / f"{name}.md"


def profile(task: str) -> Path:
    """Folder of the tables and figures on the page data."""
    return Path("metrics") / task / "profile"


def learning(task: str) -> Path:
    """Folder of the tables on how everything was learnt."""
    return Path("metrics") / task / "learning"


def plots(task: str) -> Path:
    """Folder of the tables that figures are drawn from, on test."""
    return Path("metrics") / task / "plots"


def figures(task: str) -> Path:
    """Folder of the figures on the page report."""
    return Path("metrics") / task / "figures"


def leaderboard() -> Path:
    """The page of all tasks, an .md beside it."""
    return Path("metrics/index.html")


def ledger(task: str) -> Path:
    return Path("metrics") / task / "ledger.xlsx"


# what git never holds: texts beside answers, and the history of all figures


def look(task: str) -> Path:
    return Path("look") / f"{task}.html"


def history() -> Path:
    """Folder of the ledger over git history."""
    return Path("ledger")


# release/: what was promoted


def release(task: str) -> Path:
    return Path("release") / task
