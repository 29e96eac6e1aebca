"""`decant serve` in processes of its own, on loopback: it starts, loses nothing, and stops when it is told to."""

import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import served
from graph import ROOT
from shell import run

from benchmarks.service import ask, one, serving
from decant.__main__ import main
from decant.deploy.serving import Workers

# a bundle that takes its time, and fails for one text, in the service and in its workers
SLOW = """
import time
from decant.runtime import Bundle
right = Bundle.predict
def slow(self, texts):
    if texts == ["secret"]:
        raise ValueError(f"no such thing as {texts[0]}")
    time.sleep(0.1 if texts == ["slow"] else 0)
    return right(self, texts)
Bundle.predict = slow
if __name__ == "__main__":
    import sys
    from decant.__main__ import main
    sys.exit(main())
"""

# decant.json is emptied between the parent's look at the bundle and that of its workers
SPOILING = """
import sys
if __name__ == "__main__":
    from pathlib import Path
    from decant.__main__ import main
    from decant.deploy import serving
    right = serving.listening
    def spoil(*where):
        Path(sys.argv[-1], "decant.json").write_text("")
        return right(*where)
    serving.listening, serving.DEAF = spoil, 5
    sys.exit(main())
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return served.write(tmp_path_factory.mktemp("serving"))


@pytest.fixture
def slow(tmp_path):
    """The command line with a bundle that takes a tenth of a second for the text "slow"."""
    program = tmp_path / "slow.py"
    program.write_text(SLOW, encoding="utf-8")
    return (str(program),)


def get(port: int, path: str) -> str:
    status, body = one(http.client.HTTPConnection("127.0.0.1", port, timeout=60), "GET", path)
    assert status == 200
    return body.decode()


def until(holds) -> None:
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def workers(port: int) -> set[int]:
    """Process ids of the workers that /metrics knows."""
    lines = [line for line in get(port, "/metrics").splitlines() if line.startswith("decant_bundle{")]
    return {int(line.split('pid="')[1].split('"')[0]) for line in lines}


def raw(port: int, request: bytes) -> bytes:
    """All that comes back on a connection of its own."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(request)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_of_200_requests_from_16_clients_none_is_lost(folder):
    with serving(folder) as (port, process):
        found = ask(port, ["btc", "airdrop airdrop", "hello"] * 66 + ["btc", "btc"], 16)
        assert [status for status, _ in found] == [200] * 200
        said = get(port, "/metrics")
        assert served.metric(said, "decant_requests_total", path="/predict", status="200") == 200
        assert served.metric(said, "decant_answers_total", answer="scam") == 66
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=60) == ("", "")  # nothing to say: no log line a request
        assert process.returncode == 0


@pytest.mark.parametrize("number", ["1", "2"])
def test_who_has_asked_before_sigterm_is_answered(folder, slow, number):
    with serving(folder, "--workers", number, program=slow) as (port, process):
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(ask, port, ["slow"] * 16, 16)
            until(lambda: served.metric(get(port, "/metrics"), "decant_requests_in_line") > 10)
            until(lambda: served.metric(get(port, "/metrics"), "decant_texts_total") >= 1)
            begun = time.monotonic()
            process.send_signal(signal.SIGTERM)
            assert [status for status, _ in asked.result()] == [200] * 16
        assert process.communicate(timeout=60)[1] == ""
        assert process.returncode == 0
        assert time.monotonic() - begun < 30
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=5)


@pytest.mark.parametrize("number", ["1", "2"])
def test_sigterm_at_the_first_moment_ends_it_too(folder, number):
    command = [sys.executable, "-m", "decant", "serve", "--bundle", str(folder), "--port", "0", "--workers", number]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert "http://" in process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=60) == ("", "")
    assert process.returncode == 0


def test_the_parent_gives_up_its_socket_when_it_stops():
    """The kernel would go on taking connections for it, which nobody answers, until the last worker has ended."""
    together = Workers.__new__(Workers)  # its __init__ takes over the signals of this process
    together.sockets, together.processes = [socket.create_server(("127.0.0.1", 0))], []
    together.terminate_all()
    assert together.sockets[0].fileno() == -1


def test_two_workers_both_report_and_what_they_count_is_added_up(folder):
    with serving(folder, "--workers", "2") as (port, _):
        until(lambda: len(workers(port)) == 2)
        assert {status for status, _ in ask(port, ["btc"] * 200, 16)} == {200}
        for _ in range(5):  # whichever of the two is asked
            said = get(port, "/metrics")
            assert served.metric(said, "decant_requests_total", path="/predict", status="200") == 200
            assert served.metric(said, "decant_predict_seconds_count") == 200
            assert served.metric(said, "decant_texts_total") == 200


def test_a_worker_that_dies_is_replaced_and_its_counts_stay(folder):
    with serving(folder, "--workers", "2") as (port, process):
        until(lambda: len(workers(port)) == 2)
        ask(port, ["btc"] * 20, 4)
        dead = min(workers(port))
        os.kill(dead, signal.SIGKILL)
        until(lambda: one(http.client.HTTPConnection("127.0.0.1", port, timeout=60), "GET", "/health")[0] == 200)
        until(lambda: len(workers(port) - {dead}) == 2)
        assert dead not in workers(port)
        assert served.metric(get(port, "/metrics"), "decant_texts_total") == 20
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
        assert process.returncode == 0


def test_workers_whose_parent_is_killed_leave_the_port(folder):
    with serving(folder, "--workers", "2") as (port, process):
        until(lambda: len(workers(port)) == 2)
        process.kill()
        process.communicate(timeout=60)
        until(lambda: refused(port))


def refused(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except ConnectionRefusedError:
        return True
    return False


def test_a_bug_is_logged_with_its_place_and_without_the_text(folder, slow):
    with serving(folder, program=slow) as (port, process):
        assert [status for status, _ in ask(port, ["secret", "btc"], 1)] == [500, 200]
        one(http.client.HTTPConnection("127.0.0.1", port), "GET", "/predict?texts=secret")
        process.send_signal(signal.SIGTERM)
        out, log = process.communicate(timeout=60)
        assert "in slow\n" in log
        assert log.strip().endswith("builtins.ValueError")
        assert "secret" not in out + log.replace('if texts == ["secret"]:', "")


def test_ten_megabytes_are_refused_with_413_however_they_are_sent(folder):
    body = json.dumps({"texts": "a" * 10_000_000}).encode()
    head = f"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    with serving(folder) as (port, _):
        kept = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        assert one(kept, "POST", "/predict", body.decode())[0] == 413
        assert one(kept, "POST", "/predict", '{"texts": "btc"}')[0] == 200  # on the same connection
        kept.close()
        closing = raw(port, f"{head}Connection: close\r\n\r\n".encode() + body)
        assert closing.startswith(b"HTTP/1.1 413")
        asking_first = raw(port, f"{head}Expect: 100-continue\r\nConnection: close\r\n\r\n".encode())
        assert asking_first.startswith(b"HTTP/1.1 413")  # and no 100 before it
        assert get(port, "/health")


def test_a_body_that_does_not_come_is_408(folder):
    head = b"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n"
    with serving(folder, "--timeout", "1") as (port, process):
        assert raw(port, head + b'{"texts"').startswith(b"HTTP/1.1 408")
        with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
            connection.sendall(head + b'{"texts"')  # and away
        assert get(port, "/health")
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=60)[1] == ""


def test_the_key_of_the_environment_is_asked_for_in_every_worker(folder):
    with serving(folder, "--workers", "2", DECANT_API_KEY="the-key") as (port, _):
        assert {status for status, _ in ask(port, ["btc"] * 20, 4)} == {401}
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("GET", "/labels", headers={"Authorization": "Bearer the-key"})
        assert connection.getresponse().status == 200
        connection.close()


# --- it does not start ------------------------------------------------------------------------------------------------


def test_a_port_in_use_is_one_clear_line(folder):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = run(
            ROOT, sys.executable, "-m", "decant", "serve", "--bundle", str(folder), "--port", str(port), check=False
        )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == f"error: 127.0.0.1, port {port}: Address already in use. Choose with --host and --port\n"


@pytest.mark.parametrize("number", ["1", "2"])
def test_a_bundle_that_is_none_is_one_clear_line(tmp_path, capsys, number):
    assert main(["serve", "--bundle", str(tmp_path), "--workers", number, "--port", "0"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"error: {tmp_path}: no decant.json, so this is not a bundle")


@pytest.mark.parametrize("key", ["", "two words", "schlüssel", "line\n"])
def test_a_key_that_no_header_can_hold_is_refused(folder, monkeypatch, capsys, key):
    monkeypatch.setenv("DECANT_API_KEY", key)
    assert main(["serve", "--bundle", str(folder), "--port", "0"]) == 1
    assert "DECANT_API_KEY is empty, or holds more than printable ASCII" in capsys.readouterr().err


def test_a_bundle_that_goes_bad_ends_the_workers_and_the_parent(folder, tmp_path):
    """The parent has opened it; a worker cannot, and would be started anew for ever."""
    copy, program = tmp_path / "bundle", tmp_path / "spoiling.py"
    shutil.copytree(folder, copy)
    program.write_text(SPOILING, encoding="utf-8")
    command = [sys.executable, str(program), "serve", "--workers", "2", "--port", "0", "--bundle", str(copy)]
    ended = run(ROOT, *command, check=False, environment={"PYTHONPATH": str(ROOT)})
    assert ended.returncode == 1
    assert "decant.json: not JSON" in ended.stderr
    assert ended.stderr.rstrip().endswith("error: a worker could not start; what it said is above")


@pytest.mark.parametrize(
    ("host", "port", "words"),
    [("127.0.0.1", "65536", "port must be 0-65535"), ("no.such.host.invalid", "0", "no.such.host.invalid, port 0: ")],
)
def test_an_address_that_is_none_is_one_clear_line(folder, capsys, host, port, words):
    assert main(["serve", "--bundle", str(folder), "--host", host, "--port", port]) == 1
    said = capsys.readouterr().err
    assert words in said
    assert said.endswith("Choose with --host and --port\n")


@pytest.mark.parametrize("package", ["fastapi", "uvicorn", "prometheus_client"])
def test_without_the_extra_it_says_which_install_brings_it(package):
    code = (
        f"import sys; sys.modules['{package}'] = None; from decant.__main__ import main; sys.exit(main(sys.argv[1:]))"
    )
    ended = run(ROOT, sys.executable, "-c", code, "serve", "--task", "demo", check=False)
    assert ended.returncode == 1
    assert re.fullmatch(rf"error: .*{package}.*pip install '\.\[serve\]'.*\n", ended.stderr)


@pytest.mark.parametrize(
    "options", [[], ["--task", "demo", "--bundle", "b"], ["--task", "demo", "--workers", "0"], ["--task", "demo", "--timeout", "x"]],
    ids=str,
)  # fmt: skip
def test_a_wrong_call_is_explained(options, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["serve", *options])
    assert stopped.value.code == 2
    assert "usage: decant serve" in capsys.readouterr().err


# --- benchmark --------------------------------------------------------------------------------------------------------


def test_the_benchmark_prints_a_line_per_number_of_workers(folder):
    command = [
        "-m",
        "benchmarks.service",
        "--bundle",
        str(folder),
        "--requests",
        "40",
        "--clients",
        "4",
        "--workers",
        "1",
    ]
    printed = run(ROOT, sys.executable, *command).stdout.splitlines()
    assert printed[0] == "40 requests from 4 clients"
    assert printed[1].split()[:2] == ["workers", "lost"]
    assert printed[2].split()[:2] == ["1", "0"]
    assert len(printed) == 3
