"""Where torch computes: the device that params ask for, settled once for a process, as torch's number of threads is."""

import os

import torch

from decant.errors import ParamsError
from decant.runs import processes

_here = "cpu"  # until `use` says otherwise


def use(name: str, threads: int) -> None:
    """Compute on `name` (auto, cpu, cuda or mps) from now on, with so many threads of the processor.

    auto takes a GPU where there is one. On a GPU sums are taken in a fixed order too, so that two runs on one kind of GPU give
    the same weights; they differ from a processor's, as if by another seed, since dropout draws other random numbers there.

    Raises ParamsError: a device that this machine does not have.
    """
    global _here
    torch.set_num_threads(threads)
    if name in ("auto", "cuda") and processes.count() == 1:
        # one process takes one GPU: transformers would split each batch over all of them, and so change every step
        os.environ.setdefault("CUDA_VISIBLE_DEVICES", "0")
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name != "auto" and not there[name]:
        found = ", ".join(kind for kind, has in there.items() if has)
        raise ParamsError(
            f"params.yaml: device: {name}, but torch finds none here (it has {found}); set device to auto, or install a torch "
            f"that is built for it"
        )
    _here = next(kind for kind, has in there.items() if has) if name == "auto" else name
    if _here == "cuda":
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # without it cuBLAS sums in any order
        torch.use_deterministic_algorithms(True)
        torch.backends.cudnn.benchmark = False
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))


def chosen() -> str:
    """cpu, cuda or mps."""
    return _here
