"""What an installation of the shipped part alone cannot import, by the requirements that the installed packages state."""

from importlib.metadata import PackageNotFoundError, packages_distributions, requires

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

# run in a process of its own: refuses modules as if they were not installed, then runs the command line
CODE = """
import sys
refused = set(sys.argv[1].split(","))
class Refusing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in refused:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Refusing())
from decant.__main__ import main
sys.exit(main(sys.argv[2:]))
"""


def brought(packages: list[str]) -> set[str]:
    """The packages with all that they require here."""
    found, waiting = set(), [canonicalize_name(name) for name in packages]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        try:
            stated = [Requirement(line) for line in requires(name) or ()]
        except PackageNotFoundError:
            continue
        found.add(name)
        needed = [one for one in stated if one.marker is None or one.marker.evaluate({"extra": ""})]
        waiting += [canonicalize_name(one.name) for one in needed]
    return found


def refused(packages: list[str]) -> set[str]:
    """Top-level modules of every other package that is installed here."""
    there = brought(packages)
    return {
        module
        for module, owners in packages_distributions().items()
        if not there & {canonicalize_name(owner) for owner in owners}
    }
