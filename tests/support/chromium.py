"""The browser that the tests of pages use, where this machine has one."""

import shutil

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run",
]  # fmt: skip


def binary() -> str | None:
    """Where it lies on the path."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)
