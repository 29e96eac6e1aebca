"""The command line: which commands it has, that predict needs the shipped part alone, and how a command ends."""

import importlib
import inspect
import re
import subprocess
import sys

import pytest
from bundles import write_bundle
from graph import ROOT
from shell import run

from decant import __main__
from decant.__main__ import main
from decant.runtime import Bundle

HEAVY = ["torch", "transformers", "pandas", "dvc", "sklearn", "scipy", "pydantic", "ruamel", "onnx", "safetensors"]
COMMANDS = (
    "predict serve promote page verdict check new try fetch freeze ledger look label-issues index lock share pr why times "
    "crossfit compare reproduce prove"
)


@pytest.fixture
def bundle(workspace):
    return write_bundle(workspace)


@pytest.mark.parametrize(
    "command",
    [
        "yes btc | decant predict --bundle B - | head -1",
        "decant predict --bundle B rows.csv --text post --workers 1 | head -1",
    ],
)
def test_a_pipe_that_has_seen_enough_ends_quietly(bundle, workspace, command):
    (workspace / "rows.csv").write_text("post\n" + "btc btc\n" * 20_000, encoding="utf-8")
    command = command.replace("decant", f"{sys.executable} -m decant").replace(" B ", f" {bundle} ")
    ended = run(
        workspace, "bash", "-c", f"{command}; echo ${{PIPESTATUS[*]}} >&2", environment={"PYTHONPATH": str(ROOT)}
    )
    assert ended.stdout in ("crypto\tbtc\n", "post,answer,score_scam,score_crypto,score_clean,number_urgency\n")
    assert "141 0" in ended.stderr.splitlines()[-1]
    assert "Error" not in ended.stderr


def test_ctrl_c_is_one_word(bundle, capsys, monkeypatch):
    def stopped(self, texts):
        raise KeyboardInterrupt

    monkeypatch.setattr(Bundle, "predict", stopped)
    assert main(["predict", "--task", "demo", "hello"]) == 130
    assert capsys.readouterr().err == "stopped\n"


@pytest.mark.parametrize("arguments", [[], ["predict", "--task", "demo"], ["publish"]], ids=str)
def test_a_wrong_call_is_explained(arguments, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert "usage: decant" in capsys.readouterr().err


def test_predict_needs_the_shipped_part_alone(bundle):
    """In a process of its own: what predict imports is what a user has to install."""
    code = (
        "import sys; from decant.__main__ import main; status = main(sys.argv[1:]); "
        "print(' '.join(sorted({name.split('.')[0] for name in sys.modules})), file=sys.stderr); sys.exit(status)"
    )
    command = [sys.executable, "-c", code, "predict", "--task", "demo", "--bundle", str(bundle), "btc"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
    assert found.stdout.startswith("crypto\tbtc")
    loaded = set(found.stderr.split())
    assert {"onnxruntime", "tokenizers", "numpy"} <= loaded
    assert not loaded & set(HEAVY)


def test_the_module_is_the_command(workspace):
    """python -m decant, with its exit status and its message on stderr."""
    command = [sys.executable, "-m", "decant", "predict", "--task", "demo", "--bundle", str(workspace), "btc"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert found.returncode == 1
    assert found.stdout == ""
    assert found.stderr.startswith(f"error: {workspace}: no decant.json")


def test_help_lists_the_commands_in_one_order(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["--help"])
    assert stopped.value.code == 0
    shown = capsys.readouterr().out
    (names,) = re.findall(r"^  \{([\w,-]+)\}$", shown, re.MULTILINE)
    assert names.split(",") == COMMANDS.split()
    assert re.findall(r"^    ([\w-]+) ", shown, re.MULTILINE) == COMMANDS.split()  # each with its line


def test_every_command_of_a_room_is_one_of_decant():
    """A room's functions add_* add them, and `decant` calls each."""
    modules = [f"decant.{file.parent.name}.commands" for file in sorted(ROOT.glob("decant/*/commands.py"))]
    written = {
        each
        for module in map(importlib.import_module, modules)
        for name, each in inspect.getmembers(module, inspect.isfunction)
        if name.startswith("add_") and each.__module__ == module.__name__
    }
    assert len(written) == len(__main__.COMMANDS)
    assert written == set(__main__.COMMANDS)
