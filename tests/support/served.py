"""The small bundle for the tests of a service: one folder that no test changes."""

import shutil
from pathlib import Path

import pytest
from bundles import write_bundle
from graph import ROOT


def write(workspace: Path) -> Path:
    """The bundle's folder, made in `workspace`."""
    shutil.copy(ROOT / "params.yaml", workspace)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(workspace)
        return write_bundle(workspace)


def metric(exposition: str, name: str, **labels: str) -> float:
    """The sum of a metric's samples that have these labels, in what /metrics says."""
    lines = [line.rsplit(" ", 1) for line in exposition.splitlines() if line.startswith((f"{name}{{", f"{name} "))]
    return sum(
        float(value) for series, value in lines if all(f'{key}="{own}"' in series for key, own in labels.items())
    )
