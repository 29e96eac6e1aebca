"""Where figures come from: the commit, the machine, the versions. Never part of a file that must repeat byte for byte."""

import platform
import subprocess
from importlib.metadata import version

# not params.yaml: dvc.lock records the values that each stage ran with, and `tasks` differs from run to run
CODE = ("dvc.yaml", "stages", "decant", "requirements.txt", "constraints.txt")
LIBRARIES = ("torch", "transformers", "scikit-learn", "onnx", "onnxruntime", "numpy", "dvc")


def commit() -> str:
    """The commit that is checked out, with "+changes" if the code differs from it, or "none" outside git."""
    head = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    if head.returncode:
        return "none"
    changes = subprocess.run(
        ["git", "status", "--porcelain", "--", *CODE], capture_output=True, text=True, check=True
    ).stdout.split()
    return head.stdout.strip() + ("+changes" if changes else "")


def day() -> str:
    """Of that commit, as YYYY-MM-DD; "none" outside git."""
    shown = subprocess.run(["git", "show", "-s", "--format=%cs", "HEAD"], capture_output=True, text=True, check=False)
    return "none" if shown.returncode else shown.stdout.strip()


def processor() -> str:
    """The processor's name, as the kernel gives it."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            return next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
    except (FileNotFoundError, StopIteration):  # not Linux, or not x86
        return platform.processor() or platform.machine()


def instructions() -> str:
    """Of the vector instructions that decide int8 and bf16 speed, those this processor has."""
    wanted = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_int8", "amx_bf16")
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            flags = next(line for line in file if line.startswith("flags")).split()
    except (FileNotFoundError, StopIteration):
        return "unknown"
    return " ".join(flag for flag in wanted if flag in flags) or "none"


def environment() -> dict[str, str]:
    """Commit, machine and versions, flat."""
    return {
        "commit": commit(),
        "date": day(),
        "processor": processor(),
        "instructions": instructions(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
    } | {name: version(name) for name in LIBRARIES}
