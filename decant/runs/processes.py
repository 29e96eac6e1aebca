"""One training shared out to several processes: how many there are, and which of them writes."""

import os

import torch


def count() -> int:
    """How many of us `accelerate launch` or `torchrun` has started."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def is_first() -> bool:
    """The one process that writes."""
    return os.environ.get("RANK", "0") == "0"


def together() -> None:
    """Wait until every process is here."""
    if torch.distributed.is_initialized():
        torch.distributed.barrier()
