"""The browser that the tests of pages use: one that this machine has, else the one that `make consumers` unpacks."""

import shutil

from benchmarks import consumers

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
UNPACKED = consumers.PACKAGES / "chromium" / "run"  # headless, for Linux on x86-64
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run",
]  # fmt: skip


def binary() -> str:
    """Where it lies; InstallError where there is none."""
    installed = next((found for name in NAMES if (found := shutil.which(name))), None)
    return installed or str(consumers.ready(UNPACKED, "Chromium"))
