"""`make share`: what stops it, each with the next command, and what a push that broke off has left."""

import errno
import shutil

import pytest
import remotes
import shortroad
from shell import run

from decant.errors import CacheError
from decant.review import sharing
from decant.review.store import Store


@pytest.fixture
def ours(short, tmp_path, monkeypatch):
    """A built and committed clone, in which nobody has named a remote; we stand in it."""
    shutil.copytree(short, tmp_path, symlinks=True, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path / "ours")
    return tmp_path / "ours"


def named(ours, monkeypatch, remote: remotes.Remote) -> None:
    """Monday's lines, for a remote of this machine."""
    run(ours, "dvc", "remote", "add", "--local", "--default", "team", remote.url)
    for key, value in [*remote.options, *remote.own]:
        run(ours, "dvc", "remote", "modify", "--local", "team", key, value)
    for name, value in remote.environment.items():
        monkeypatch.setenv(name, value)


def refused(*words: str) -> str:
    with pytest.raises(CacheError) as stopped:
        sharing.share()
    said = str(stopped.value)
    assert [word for word in words if word not in said] == [], said
    return said


def test_without_a_default_remote_it_says_how_to_name_one_that_git_never_sees(ours):
    refused("no dvc remote is the default one", "Run: dvc remote add --local --default NAME URL", "ssh://", "s3://")


def test_a_folder_whose_disk_is_not_mounted_is_not_made_here(ours, monkeypatch, tmp_path):
    named(ours, monkeypatch, remotes.Remote(str(tmp_path / "mnt/decant")))
    refused(f"there is no {tmp_path / 'mnt'}", "Mount it")
    assert not (tmp_path / "mnt").exists()


def test_a_lock_of_other_params_is_not_shared(ours, monkeypatch, tmp_path):
    named(ours, monkeypatch, remotes.Remote(str(tmp_path / "store")))
    shortroad.rows(ours, 290)
    refused("dvc.lock is not of this checkout", "check: params.yaml is not the one it ran with", "Run: dvc repro")
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize(
    ("command", "file"),
    [
        ("git reset -q HEAD~1", "dvc.lock"),
        ("git rm -q --cached dvc.lock", "dvc.lock"),
        ("git reset -q HEAD~1 && git add dvc.lock checked && git commit -qm half", "metrics/demo/prepare.json"),
        ("git rm -q --cached params.yaml && git commit -qm gone", "params.yaml"),
        ("git rm -q --cached stages/demo.yaml && git commit -qm gone", "stages/demo.yaml"),
    ],
)
def test_what_no_commit_has_is_not_shared(ours, monkeypatch, tmp_path, command, file):
    named(ours, monkeypatch, remotes.Remote(str(tmp_path / "store")))
    run(ours, "bash", "-ec", command)
    refused("git does not have what dvc.lock was made with", file, "Run: git add -A && git commit")
    assert not (tmp_path / "store").exists()


def test_a_note_of_ones_own_stops_nothing(ours, monkeypatch, tmp_path):
    named(ours, monkeypatch, remotes.Remote(str(tmp_path / "store")))
    (ours / "notes.txt").write_text("mine\n", encoding="utf-8")
    assert "went there: 4 of 4 objects" in sharing.share()


def test_an_object_that_is_nowhere_is_named(ours, monkeypatch, tmp_path):
    """dvc push ends well there."""
    named(ours, monkeypatch, remotes.Remote(str(tmp_path / "store")))
    store = Store()
    objects = sharing.wanted(store)
    (gone,) = [each for each in objects.values() if each.path == "data/demo/prepared.parquet"]
    gone.file.unlink()
    refused("neither in the cache here nor in the remote team", gone.path, "Run: dvc repro")


def test_a_table_of_ones_own_goes_with_the_stages_that_read_it(tmp_path, monkeypatch):
    """Pinned by dvc add; that of a task that is not built here need not be here."""
    monkeypatch.chdir(tmp_path)
    for name in ("reviews", "others"):
        (tmp_path / "data/raw" / name).mkdir(parents=True)
        (tmp_path / "data/raw" / name / "rows.csv").write_text(f"{name}\n", encoding="utf-8")
    stage = "cmd: wc data/raw/reviews/rows.csv > models\n    deps: [data/raw/reviews]\n    outs: [models]\n"
    (tmp_path / "dvc.yaml").write_text(f"stages:\n  one:\n    {stage}", encoding="utf-8")
    run(tmp_path, "git", "init", "-q")
    shortroad.own(tmp_path)
    steps = (
        "dvc init -q && dvc add -q data/raw/reviews data/raw/others && dvc repro -q && git add -A && git commit -qm one"
    )
    run(tmp_path, "bash", "-ec", f"{steps} && dvc remote add --local --default team store")
    cache = tmp_path / ".dvc/cache"
    (others,) = [
        md5 for md5 in objects_in(cache) if (cache / "files/md5" / md5[:2] / md5[2:]).read_bytes() == b"others\n"
    ]
    (cache / "files/md5" / others[:2] / others[2:]).unlink()
    assert "went there: 3 of 3 objects" in sharing.share(), "the folder, its file, and models"
    (cache / "files/md5").rename(cache / "files/gone")
    shutil.rmtree(tmp_path / "store")
    refused("neither in the cache here nor in the remote team", "data/raw/reviews")


def objects_in(cache) -> list[str]:
    return [file.parent.name + file.name for file in (cache / "files/md5").rglob("*") if file.is_file()]


def test_a_server_that_is_down_does_not_answer(ours, monkeypatch, tmp_path):
    with remotes.ssh(tmp_path / "remote") as remote:
        named(ours, monkeypatch, remote)
    refused(f"the remote team ({remote.url}) does not answer", "Run again: make share")


def test_a_server_that_takes_nothing_says_who_is_asked(ours, monkeypatch, tmp_path):
    class Refusing(remotes.Files):
        refuses = True

    with remotes.ssh(tmp_path / "remote", Refusing) as remote:
        named(ours, monkeypatch, remote)
        refused("takes nothing from you", "Run: dvc remote modify --local team url URL")
    assert not any(remote.store.iterdir())


def test_s3_without_a_key_says_how_to_name_one(ours, monkeypatch, tmp_path):
    with remotes.s3(tmp_path / "remote") as remote:
        named(ours, monkeypatch, remote)
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.delenv(name)
        refused("asks for a key", "Run: dvc remote modify --local team profile PROFILE")


def there(remote: remotes.Remote) -> dict[str, int]:
    """md5 -> bytes of the objects that lie there; what has a name for the time of a transfer is no object."""
    files = [file for file in (remote.store / "files/md5").rglob("*") if file.is_file() and file.suffix != ".tmp"]
    return {file.parent.name + file.name: file.stat().st_size for file in files}


@pytest.mark.parametrize("left", [1_000, 60_000], ids=["in the record of a run", "in data"])
def test_a_push_that_dies_in_the_middle_of_a_file_loses_nothing(ours, monkeypatch, tmp_path, left):
    class Dying(remotes.Files):
        pass

    Dying.left = left
    wanted = {md5: each.size for md5, each in sharing.wanted(Store()).items()}
    with remotes.ssh(tmp_path / "remote", Dying) as remote:
        named(ours, monkeypatch, remote)
        refused("did not take all", "Nothing is lost", "Run again: make share")
        arrived = there(remote)
        assert arrived.items() < wanted.items(), "what is there is whole"
        assert list(remote.store.rglob("*.tmp")), "it died within a file"
    Dying.left = None
    shutil.copytree(remote.store, tmp_path / "again/store")
    with remotes.ssh(tmp_path / "again", Dying) as remote:
        run(ours, "dvc", "remote", "remove", "--local", "team")
        named(ours, monkeypatch, remote)
        assert f"went there: {len(wanted) - len(arrived)} of {len(wanted)} objects" in sharing.share()
        assert there(remote) == wanted


def test_a_file_that_lies_half_in_the_remote_is_sent_again(ours, monkeypatch, tmp_path):
    """As a copy by hand may leave it; dvc takes it for whole."""
    with remotes.ssh(tmp_path / "remote") as remote:
        named(ours, monkeypatch, remote)
        sharing.share()
        wanted = there(remote)
        md5 = max(wanted, key=wanted.get)
        half = remote.store / "files/md5" / md5[:2] / md5[2:]
        half.write_bytes(half.read_bytes()[:1000])
        Store().repo.push(run_cache=True)
        assert there(remote)[md5] == 1000
        assert "went there: 1 of 4 objects" in sharing.share()
        assert there(remote) == wanted


def test_what_was_removed_from_the_remote_is_sent_again(ours, monkeypatch, tmp_path):
    """dvc keeps a list of the folders that it has pushed, and does not ask for their files again."""
    named(ours, monkeypatch, remotes.Remote(str(tmp_path / "store"), tmp_path / "store"))
    sharing.share()
    (posts,) = [md5 for md5, each in sharing.wanted(Store()).items() if each.path == "data/raw/demo/posts.csv"]
    file = tmp_path / "store/files/md5" / posts[:2] / posts[2:]
    file.unlink()
    Store().repo.push(run_cache=True)
    assert not file.exists()
    assert "went there: 1 of 4 objects" in sharing.share()
    assert file.exists()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.EROFS, "Read-only file system"), "takes nothing from you"),
        (PermissionError(errno.EACCES, "Permission denied"), "takes nothing from you"),
        (
            OSError("An error occurred (AccessDenied) when calling the PutObject operation: Access Denied"),
            "takes nothing",
        ),
        (OSError(errno.ENOSPC, "No space left on device"), "did not take all: [Errno 28] No space left on device"),
        (
            ImportError("gs is supported, but requires 'dvc-gs' to be installed"),
            "pip install dvc-gs -c constraints.txt",
        ),
    ],
)
def test_each_kind_of_refusal_has_its_own_next_command(ours, monkeypatch, tmp_path, error, words):
    named(ours, monkeypatch, remotes.Remote(str(tmp_path / "store")))

    def push(*_, **__):
        raise error

    monkeypatch.setattr("dvc.repo.Repo.push", push)
    refused(words, "Run")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("ssh://ann:secret@host:22/srv/decant", "ssh://host:22/srv/decant"),
        ("s3://bucket/decant", "s3://bucket/decant"),
    ],
)
def test_a_colleague_is_told_no_login(ours, monkeypatch, url, shown):
    named(ours, monkeypatch, remotes.Remote(url))
    assert sharing.address(Store()) == shown
