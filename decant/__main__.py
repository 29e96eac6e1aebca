"""The command line: from a labelled table to a released classifier, and the classifier at work.

`python -m decant` is the same. predict needs a bundle and the shipped part of decant only (numpy, onnxruntime, tokenizers,
ftfy), and over tables the extra `tables`; what a command needs and is not installed is named in one line.

Each room has its commands in a module commands.py, which imports what has to be installed inside its functions alone.
"""

import argparse
import os
import sys

from decant.crossfit import commands as crossfit
from decant.data import commands as data
from decant.deploy import commands as deploy
from decant.deploy.needs import missing
from decant.errors import DecantError
from decant.new import commands as new
from decant.proofs import commands as proofs
from decant.report import commands as report
from decant.review import commands as review
from decant.trying import commands as trying
from decant.verdict import commands as verdict

COMMANDS = (  # in the order of --help
    deploy.add_predict,
    deploy.add_serve,
    verdict.add_promote,
    deploy.add_page,
    verdict.add_verdict,
    review.add_check,
    new.add_new,
    trying.add_try,
    data.add_fetch,
    data.add_freeze,
    verdict.add_ledger,
    report.add_look,
    report.add_label_issues,
    verdict.add_index,
    proofs.add_lock,
    review.add_share,
    review.add_pr,
    review.add_why,
    review.add_times,
    crossfit.add_crossfit_and_compare,
    proofs.add_reproduce,
    proofs.add_prove,
)


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="decant", description=__doc__.splitlines()[0])
    parser.set_defaults(extra=None)  # of pyproject.toml, that a command needs; else requirements.txt
    commands = parser.add_subparsers(dest="command", required=True)
    for add in COMMANDS:
        add(commands)
    options = parser.parse_args(arguments)
    try:
        options.run(options)
        sys.stdout.flush()
    except DecantError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except ModuleNotFoundError as error:
        print(f"error: {missing(error, options.command, options.extra)}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # of `| head`, which has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else Python would flush into it at its end
        return 128 + 13  # as a shell tells SIGPIPE
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 128 + 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
