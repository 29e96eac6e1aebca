"""In what numbers a training computes: bf16 where the processor or a GPU has it, else fp32."""

import torch

from decant.errors import ParamsError
from decant.runs import device


def resolved(precision: str) -> str:
    """The precision itself, and for `auto` the best one here: bf16, or fp32 where bf16 would only be emulated.

    Raises ParamsError: one was asked for that this machine does not have; what emulates it gives other weights.
    """
    where = device.chosen()
    # Apple's GPUs have bf16 from some generation on, and torch does not say from which
    fast = (where == "cpu" and torch.cpu._is_avx512_bf16_supported()) or (
        where == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
    )
    if precision == "auto":
        return "bf16" if fast else "fp32"
    if precision == "bf16" and not fast:
        raise ParamsError(
            "params.yaml: precision: bf16 (of teacher, distil or adapt) needs a processor with AVX512-BF16 or AMX, or a GPU; "
            "set it to auto or fp32"
        )
    if precision == "fp16" and where != "cuda":
        raise ParamsError(
            "params.yaml: precision: fp16 (of teacher or distil) needs an NVIDIA GPU; set it to auto or fp32"
        )
    return precision
