"""A pipeline of seconds that is laid out as the project's own, for faults to be tried on: seven stages of one small file each,
which write whole, check what they read, and sleep a little, so that they can be hit."""

import shutil
from pathlib import Path

from ruamel.yaml import YAML
from shell import run

from decant.proofs import objects
from decant.proofs.subject import Subject
from decant.review.store import Store

STEPS = """
import hashlib, json, os, shutil, sys, time
from pathlib import Path


def write(path, content, folder=False):
    path = Path(path)
    target = path.parent if folder else path
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.partial")
    if folder:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        shutil.rmtree(target, ignore_errors=True)
    (partial / path.name if folder else partial).write_bytes(content)
    os.replace(partial, target)


def seal(path, text, folder=False):
    write(path, f"{text}\\n{hashlib.sha256(text.encode()).hexdigest()}\\n".encode(), folder)


def read(path):
    text, _, digest = Path(path).read_text(errors="replace").rstrip("\\n").rpartition("\\n")
    if hashlib.sha256(text.encode()).hexdigest() != digest:
        sys.exit(f"error: {path}: its content is not what was written. Run: dvc checkout")
    return text


def demo():
    write("data/raw/toy/rows.csv", "".join(f"{n},text {n * 7 % 11}\\n" for n in range(40)).encode(), folder=True)


def prepare():
    seal("data/toy/train.parquet", Path("data/raw/toy/rows.csv").read_text().upper())
    write("metrics/toy/prepare.json", b'{"rows": 40}\\n')


def teacher():
    seal("models/toy/teachers/one/model.safetensors", read("data/toy/train.parquet")[::-1], folder=True)


def soften():
    seal("models/toy/soft/train.safetensors", read("models/toy/teachers/one/model.safetensors") * 2, folder=True)


def export():
    seal("models/toy/onnx/model.onnx", read("models/toy/soft/train.safetensors") + "onnx")


def evaluate():
    import pandas as pd
    length = len(read("models/toy/onnx/model.onnx"))
    rows = pd.DataFrame({"id": [str(n) for n in range(40)], "text": [f"text {n}" for n in range(40)]})
    rows["answer"] = rows["student"] = ["scam" if (n + length) % 3 else "clean" for n in range(40)]
    rows["score_scam"] = [(n % 10) / 10 for n in range(40)]
    rows.to_parquet(".rows.partial")
    write("models/toy/predictions.parquet", Path(".rows.partial").read_bytes())
    os.remove(".rows.partial")
    figure = {"n": 40, "accuracy": 0.9, "accuracy_low": 0.8, "accuracy_high": 0.95}
    write("metrics/toy/test.json", json.dumps({"student": figure}).encode())


def benchmark():
    read("models/toy/onnx/model.onnx")
    write("metrics/toy/benchmark.json", json.dumps({"ms": time.time()}).encode())


if __name__ == "__main__":
    time.sleep(0.3)
    globals()[sys.argv[1]]()
"""
OUTS = {  # stage -> deps, outs that dvc keeps, outs that git keeps
    "demo": (["params.yaml"], ["data/raw/toy"], []),
    "prepare": (["data/raw/toy"], ["data/toy/train.parquet"], ["metrics/toy/prepare.json"]),
    "teacher": (["data/toy/train.parquet"], ["models/toy/teachers/one"], []),
    "soften": (["models/toy/teachers"], ["models/toy/soft"], []),
    "export": (["models/toy/soft"], ["models/toy/onnx/model.onnx"], []),
    "evaluate": (["models/toy/onnx/model.onnx"], ["models/toy/predictions.parquet"], ["metrics/toy/test.json"]),
    "benchmark": (["models/toy/onnx/model.onnx"], [], ["metrics/toy/benchmark.json"]),
}
NAMES = {name: name if name == "demo" else f"{name}@toy" for name in OUTS}


def write(folder: Path) -> Path:
    """A repository with it, committed before anything ran."""
    folder.mkdir(parents=True)
    (folder / "steps.py").write_text(STEPS, encoding="utf-8")
    (folder / "params.yaml").write_text("tasks: [toy]\ntoy: {generator: {rows: 40}}\n", encoding="utf-8")
    stages = {}
    for name, (deps, cached, kept) in OUTS.items():
        stage = {"cmd": f"python steps.py {name}", "deps": deps}
        stage["outs"] = [*cached, *({out: {"cache": False}} for out in kept)]
        stages[name] = stage if name == "demo" else {"matrix": {"task": "${tasks}"}} | stage
    with (folder / "dvc.yaml").open("w", encoding="utf-8") as file:
        YAML().dump({"stages": stages}, file)
    (folder / ".gitignore").write_text("/data/\n/models/\n/.work/\n.*.partial\n__pycache__/\n", encoding="utf-8")
    run(folder, "git", "init", "-q")
    run(folder, "dvc", "init", "-q")
    commit(folder, "toy")
    return folder


def built(folder: Path) -> Path:
    """The same after `dvc repro`, committed, with where it was made."""
    write(folder)
    run(folder, "dvc", "repro")
    code = "from decant.verdict import provenance; from decant.files import write_json; from pathlib import Path; " \
           "write_json(Path('metrics/toy/provenance.json'), provenance.environment())"  # fmt: skip
    run(folder, "python", "-c", code, environment={"PYTHONPATH": str(Path(__file__).parent.parent.parent)})
    commit(folder, "built")
    return folder


def commit(folder: Path, words: str) -> None:
    run(folder, "git", "add", "-A")
    run(folder, "git", "-c", "user.name=toy", "-c", "user.email=toy@example.test", "commit", "-qm", words)


def subject(folder: Path) -> Subject:
    """What has run there, as a subject that has measured it."""
    found = Subject(folder)
    found.reference = objects.recorded(Store(folder))
    found.seconds = dict.fromkeys(found.reference, 0.3)
    return found


def planted(folder: Path, toy: Path, old: str, new: str) -> Subject:
    """A copy of the toy, in which a stage does something else from now on; what the right one wrote is known."""
    found = subject(shutil.copytree(toy, folder, symlinks=True))
    file = folder / "steps.py"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    return found
