"""What several share: two runs in one folder, a cache behind links, and a remote that dies."""

import http.server
import os
import random
import shutil
import signal
import threading
import time
from pathlib import Path

from decant.proofs import alike, objects
from decant.proofs.outcomes import Outcome, after, said, stopped
from decant.proofs.subject import Ended, Subject, remove

LINKS = ("symlink", "hardlink", "reflink", "copy")


def at_once(subject: Subject, chance: random.Random, stages: list[str]) -> list[Outcome]:
    """Two `dvc repro` in one folder: of one stage, and of two. One may stop, and has to say why."""
    found = []
    for pair in ((stages[0], stages[0]), (stages[0], stages[-1])):
        processes = []
        for stage in pair:
            processes.append(subject.start("dvc", "repro", "--force", "--single-item", stage))
            time.sleep(chance.uniform(0, 1))
        ended = []
        for process in processes:
            said_, _ = process.communicate()
            ended.append(Ended(process.returncode, said_, [], 0.0))
        wrong = [f"neither came to its end: {said(ended[0])}"] if all(one.status for one in ended) else []
        words = "; ".join(f"{'first' if number == 0 else 'second'} {stopped(one)}" for number, one in enumerate(ended))
        found.append(after(subject, "two runs at once", " and ".join(pair), words, wrong))
    return found


def links(subject: Subject, kinds: tuple[str, ...] = LINKS) -> list[Outcome]:
    """Every stage, by hand over outs that are links into the cache: none may write through one."""
    found = []
    for kind in kinds:
        subject.run("dvc", "config", "--local", "cache.type", kind)
        laid = subject.run("dvc", "checkout", "--relink", "dvc.yaml")
        if laid.status:
            found.append(Outcome("cache behind links", kind, "this file system has none"))
            continue
        before, wrong, ran = state(subject.root), [], 0
        for stage in subject.repeating():
            ended = subject.alone(stage)
            ran += 1
            if ended.status:
                wrong.append(f"{stage} over {kind}s {stopped(ended)}")
            through = sorted(md5 for md5, one in state(subject.root).items() if one != before.get(md5, one))
            wrong += [f"{stage} wrote into {md5} of the cache" for md5 in through]
            before |= state(subject.root)
        found.append(after(subject, "cache behind links", kind, f"{ran} stages ran by hand over it", wrong))
    subject.run("dvc", "config", "--local", "--unset", "cache.type")
    subject.run("dvc", "checkout", "--relink", "dvc.yaml")
    return found


def state(root: Path) -> dict[str, tuple]:
    """md5 that an object is called by -> the one that it has, and when it was written: the same bytes may be written again."""
    return {
        md5: (objects.md5_of(path), path.stat().st_mtime_ns, path.stat().st_ino)
        for md5, path in objects.cache(root).items()
    }


class Failing(http.server.BaseHTTPRequestHandler):
    """A store over HTTP: HEAD, GET and PUT of files below `server.folder`; after `server.left` bytes it is dead."""

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, body: bool) -> None:
        file = self.server.folder / self.path.lstrip("/")
        self.send_response(200 if file.is_file() else 404)
        self.send_header("Content-Length", str(file.stat().st_size if file.is_file() else 0))
        self.end_headers()
        if body and file.is_file():
            self.wfile.write(file.read_bytes())

    def do_PUT(self) -> None:
        content = self._body()
        if content is None or self.server.left < len(content):
            self.server.left = -1
            self.connection.close()
            return
        self.server.left -= len(content)
        file = self.server.folder / self.path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        self.send_response(201)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _body(self) -> bytes | None:
        """What was sent, in one piece or in chunks; None: it was cut short."""
        if "Content-Length" in self.headers:
            return self.rfile.read(int(self.headers["Content-Length"]))
        parts = []
        while length := int(self.rfile.readline().strip() or b"0", 16):
            parts.append(self.rfile.read(length))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def log_message(self, *_: object) -> None:
        """Nothing: what matters is what dvc says."""


def serve(folder: Path, left: float) -> http.server.ThreadingHTTPServer:
    """On a free port; it dies after so many bytes."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Failing)
    server.folder, server.left = folder, left
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def dying_server(subject: Subject, chance: random.Random, work: Path) -> list[Outcome]:
    """A remote over HTTP that stops answering in the middle of a push; the next push has to complete it."""
    folder = fresh(work / "http")
    total = sum(path.stat().st_size for path in objects.cache(subject.root).values())
    server = serve(folder, chance.uniform(0.1, 0.9) * total)
    url = f"http://127.0.0.1:{server.server_address[1]}"
    for words in (("add", "--local", "--force", "dying", url), ("modify", "--local", "dying", "method", "PUT")):
        subject.run("dvc", "remote", *words)
    first = subject.run("dvc", "push", "--remote", "dying", "dvc.yaml")
    server.left = float("inf")
    outcome = pushed(subject, folder, "dying", "remote over HTTP dies", first, work)
    server.shutdown()
    server.server_close()
    return [outcome]


def killed_push(subject: Subject, chance: random.Random, work: Path) -> list[Outcome]:
    """A push to a folder that is killed at a random moment."""
    folder = fresh(work / "folder")
    subject.run("dvc", "remote", "add", "--local", "--force", "dying", str(folder))
    subject.run("dvc", "push", "--remote", "dying", "dvc.yaml")
    enough = chance.randint(1, max(1, len(stored(folder)) - 1))
    fresh(folder)
    process = subject.start("dvc", "push", "--remote", "dying", "dvc.yaml")
    while process.poll() is None and len(stored(folder)) < enough:
        time.sleep(0.001)
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    text, _ = process.communicate()
    return [pushed(subject, folder, "dying", "push is killed", Ended(process.returncode, text, [], 0.0), work)]


def pushed(subject: Subject, folder: Path, remote: str, fault: str, first: Ended, work: Path) -> Outcome:
    """The next push, and a clone that pulls: it must get every object whole, and run nothing."""
    held = stored(folder)
    halves, wrong = len(objects.broken(held)), []
    again = subject.run("dvc", "push", "--remote", remote, "dvc.yaml")
    if again.status:
        wrong.append(f"the next push stopped: {said(again)}")
    wrong += [f"the remote has a half-written {md5}" for md5 in objects.broken(stored(folder))]
    colleague = Subject(fresh(work / "colleague"))
    remove(colleague.root)
    ignored = shutil.ignore_patterns("cache", "tmp", ".work")
    shutil.copytree(subject.root, colleague.root, symlinks=True, ignore=ignored)
    for outs in subject.reference.values():
        for path, out in outs.items():
            if out.cached:
                remove(colleague.root / path)
    pulled = colleague.run("dvc", "pull", "--remote", remote, "dvc.yaml")
    ran = [name for name in colleague.repro().stages if alike.stage_of(name) not in alike.TIMINGS]
    wrong += [f"the pull stopped: {said(pulled)}"] if pulled.status else []
    wrong += [f"the colleague's dvc repro ran {name}" for name in ran]
    words = f"{len(held)} of {len(stored(folder))} objects came, {halves} of them half; {stopped(first)}"
    remove(colleague.root)
    return after(subject, fault, "dvc push", words, wrong)


def stored(folder: Path) -> dict[str, Path]:
    """md5 -> object, in a remote; what dvc was about to rename is none yet."""
    return {
        file.parent.name + file.name: file
        for file in sorted(folder.rglob("files/md5/??/*"))
        if file.is_file() and file.suffix != ".tmp"
    }


def fresh(folder: Path) -> Path:
    remove(folder)
    folder.mkdir(parents=True)
    return folder
