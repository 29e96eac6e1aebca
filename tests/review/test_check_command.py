"""decant check: what stops before dvc repro would."""

from decant.__main__ import main


def test_check_names_a_task_without_raw_files_and_a_misspelt_one(workspace, capsys):
    params = workspace / "params.yaml"
    before = params.read_text(encoding="utf-8")
    assert main(["check"]) == 0
    assert "demo: ok" in capsys.readouterr().out
    params.write_text(before.replace("tasks: [demo]", "tasks: [demo, scam]"), encoding="utf-8")
    assert main(["check"]) == 1
    assert "data/raw/scam: missing. Fetch its raw files" in capsys.readouterr().err
    params.write_text(before.replace("tasks: [demo]", "tasks: [dmeo]"), encoding="utf-8")
    assert main(["check"]) == 1
    assert "no block named 'dmeo'; blocks are demo, scam" in capsys.readouterr().err
    params.write_text(before.replace("tasks: [demo]", "tasks: demo"), encoding="utf-8")
    assert main(["check"]) == 1
    assert "tasks" in capsys.readouterr().err
