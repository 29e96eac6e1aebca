"""The folder of a page: whole or not there, of the bytes that it names, and never over something else."""

import base64
import hashlib
import json
import re
import tarfile

import pytest
import webpages

from decant.__main__ import main
from decant.deploy import browser, vendored
from decant.errors import BundleError, InputError, InstallError
from decant.files import digest

OWN = {"index.html", "style.css", "icon.svg", "main.js", "classifier.js", "decision.js", "view.js", "words.js", "csv.js",
       "golden.js", "keep.js",
       "offline.js"}  # fmt: skip


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return webpages.tiny_bundle(tmp_path_factory.mktemp("made"))


@pytest.fixture
def fake(tmp_path, monkeypatch):
    """Packages of a few bytes in a cache of their own, in place of the two that weigh 33 MB."""
    cache = tmp_path / "cache"
    cache.mkdir()
    listed = []
    for package in vendored.PACKAGES:
        with tarfile.open(cache / package.tarball, "w:gz") as tar:
            for path in package.files:
                source = tmp_path / "source"
                source.write_text(path, encoding="utf-8")
                tar.add(source, f"package/{path}")
        found = integrity(cache / package.tarball)
        listed.append(vendored.Package(package.name, package.version, found, package.files))
    monkeypatch.setattr(vendored, "PACKAGES", tuple(listed))
    return cache


def integrity(file) -> str:
    return f"sha512-{base64.b64encode(hashlib.sha512(file.read_bytes()).digest()).decode()}"


def contents(folder) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in browser.found(folder)}


def listed(folder) -> dict:
    text = (folder / "version.js").read_text(encoding="ascii")
    return json.loads(text.removeprefix("self.DECANT_PAGE = ").rstrip().removesuffix(";"))


def test_the_folder_has_the_page_the_packages_and_the_bundle_and_lists_them(bundle, fake, tmp_path):
    size = browser.build(bundle, tmp_path / "page", fake)
    made = contents(tmp_path / "page")
    vendor = {"onnxruntime.mjs", "onnxruntime.wasm", "tokenizers.mjs", "tokenizers.LICENSE"}
    assert set(made) == (
        OWN
        | {"version.js"}
        | {f"vendor/{name}" for name in vendor}
        | {f"bundle/{name}" for name in ("decant.json", "golden.json", "tokenizer.json", "onnx/model_quantized.onnx")}
    )
    assert size == sum(map(len, made.values()))
    about = listed(tmp_path / "page")
    assert about["task"] == "demo"
    assert about["files"] == {name: digest(tmp_path / "page" / name) for name in made if name != "version.js"}
    for name in ("decant.json", "tokenizer.json", "onnx/model_quantized.onnx"):
        assert made[f"bundle/{name}"] == (bundle / name).read_bytes()


def test_the_same_bundle_gives_the_same_bytes_and_another_one_another_version(bundle, fake, tmp_path):
    other = webpages.changed(bundle, tmp_path / "other", thresholds={"scam": 0.5, "crypto": 0.5})
    for name, source in (("one", bundle), ("two", bundle), ("three", other)):
        browser.build(source, tmp_path / name, fake)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert listed(tmp_path / "one")["version"] != listed(tmp_path / "three")["version"]


def test_golden_texts_go_along_where_the_bundle_lists_them(bundle, fake, tmp_path):
    golden = [{"text": "hello", "ids": [2, 3], "logits": [0.0] * 5, "answer": "clean"}]
    browser.build(webpages.changed(bundle, tmp_path / "other", golden), tmp_path / "page", fake)
    assert json.loads((tmp_path / "page/bundle/golden.json").read_text(encoding="utf-8")) == {"texts": golden}


def test_the_page_names_no_other_host():
    for file in browser.PAGE.iterdir():
        hosts = re.findall(r"(?:https?:)?//[\w.-]+\.\w+", file.read_text(encoding="utf-8"))
        assert [host for host in hosts if "www.w3.org" not in host] == [], file.name
    policy = re.search(r'content="(default-src.*?)"', (browser.PAGE / "index.html").read_text(encoding="utf-8"))[1]
    assert "unsafe-inline" not in policy
    assert "'unsafe-eval'" not in policy
    assert policy.startswith("default-src 'none'; script-src 'self' 'wasm-unsafe-eval';")


def test_a_page_is_replaced_and_an_empty_folder_filled(bundle, fake, tmp_path):
    target = tmp_path / "page"
    target.mkdir()
    browser.build(bundle, target, fake)
    (target / "bundle/tokenizer.json").unlink()
    browser.build(bundle, target, fake)
    assert (target / "bundle/tokenizer.json").exists()


def test_a_folder_of_something_else_is_left_alone(bundle, fake, tmp_path):
    target = tmp_path / "thesis"
    target.mkdir()
    (target / "chapter.tex").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match=r"thesis: is there, and no page of decant's\. Name another folder with --to"):
        browser.build(bundle, target, fake)
    assert contents(target) == {"chapter.tex": b"mine"}


def test_a_file_of_the_users_in_the_page_is_not_lost(bundle, fake, tmp_path):
    target = tmp_path / "page"
    browser.build(bundle, target, fake)
    (target / "CNAME").write_text("posts.example", encoding="utf-8")
    before = contents(target)
    with pytest.raises(InputError, match="CNAME is not of the page, and would be lost"):
        browser.build(bundle, target, fake)
    assert contents(target) == before


def test_a_page_whose_list_is_cut_off_is_named(bundle, fake, tmp_path):
    browser.build(bundle, tmp_path / "page", fake)
    file = tmp_path / "page/version.js"
    file.write_text(file.read_text(encoding="ascii")[:60], encoding="ascii")
    with pytest.raises(InputError, match=r"version.js: cut off or changed"):
        browser.build(bundle, tmp_path / "page", fake)


def test_a_failure_in_the_middle_leaves_the_page_of_before(bundle, fake, tmp_path, monkeypatch):
    target = tmp_path / "page"
    browser.build(bundle, target, fake)
    before = contents(target)
    (fake / vendored.PACKAGES[1].tarball).write_bytes(b"other")
    with pytest.raises(InstallError, match="delete it, and it is fetched again"):
        browser.build(bundle, target, fake)
    assert contents(target) == before
    assert not list(tmp_path.glob(".*partial"))


def test_a_bundle_of_other_bytes_or_without_an_onnx_model_is_refused(bundle, fake, tmp_path):
    linear = webpages.changed(bundle, tmp_path / "linear", files={})
    with pytest.raises(BundleError, match=r"does not list onnx/model_quantized\.onnx, which would be read unchecked"):
        browser.build(linear, tmp_path / "page", fake)
    spoilt = webpages.changed(bundle, tmp_path / "spoilt")
    (spoilt / "tokenizer.json").write_text("{}", encoding="utf-8")
    with pytest.raises(BundleError, match=r"tokenizer.json: sha256"):
        browser.build(spoilt, tmp_path / "page", fake)
    assert not (tmp_path / "page").exists()


def test_without_npm_the_error_says_what_it_is_for_and_where_a_tarball_may_lie(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InstallError, match=r"npm is missing.*onnxruntime-web@.*put onnxruntime-web-[\d.]+tgz into"):
        next(vendored.files(tmp_path / "cache"))


@pytest.fixture
def npm(tmp_path, monkeypatch):
    """An npm of a line of shell on the path."""

    def write(line: str):
        program = tmp_path / "bin" / "npm"
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\n{line}\n", encoding="utf-8")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")

    return write


def test_an_npm_that_fails_is_quoted(tmp_path, npm):
    npm("echo 'npm error code E404' >&2; exit 1")
    with pytest.raises(InstallError, match=r"could not fetch onnxruntime-web@.*npm config get registry.*E404"):
        next(vendored.files(tmp_path / "cache"))


def test_a_package_of_other_bytes_is_refused_and_not_kept(tmp_path, npm):
    package = vendored.PACKAGES[0]
    npm(f'while [ "$1" != --pack-destination ]; do shift; done; echo evil > "$2/{package.tarball}"')
    with pytest.raises(InstallError, match=r"sha512-.* and not sha512-q0y.*npm's registry has another package"):
        next(vendored.files(tmp_path / "cache"))
    assert not (tmp_path / "cache" / package.tarball).exists()


def test_a_package_is_fetched_once(tmp_path, npm, fake):
    there = tmp_path / "registry"
    fake.rename(there)
    package = vendored.PACKAGES[0]
    line = f'echo called >> {tmp_path}/calls; while [ "$1" != --pack-destination ]; do shift; done; cp {there}/* "$2"'
    npm(line)
    for _ in range(2):
        assert dict(vendored.files(fake))["onnxruntime.mjs"] == b"dist/ort.wasm.bundle.min.mjs"
    assert (tmp_path / "calls").read_text().count("called") == len(vendored.PACKAGES)
    assert integrity(fake / package.tarball) == package.integrity


def test_the_command_says_where_the_page_is_and_how_to_look_at_it(bundle, fake, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / vendored.CACHE.parent).mkdir()
    fake.rename(tmp_path / vendored.CACHE)
    assert main(["page", "--task", "demo", "--bundle", str(bundle), "--to", "out/page"]) == 0
    assert re.fullmatch(
        r"out/page: 0\.\d MB\. Look at it: python -m http\.server --bind localhost --directory out/page\n",
        capsys.readouterr().out,
    )
    assert (tmp_path / "out/page/index.html").exists()
    (tmp_path / "out/page/mine.txt").write_text("x", encoding="utf-8")
    assert main(["page", "--task", "demo", "--bundle", str(bundle), "--to", "out/page"]) == 1
    assert "error: out/page: mine.txt is not of the page" in capsys.readouterr().err
