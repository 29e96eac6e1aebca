"""The two packages that a page in the browser carries: which bytes of them, and how they come here.

npm fetches a package as its user has set it up, mirror and proxy included; the page's reader fetches nothing from elsewhere.
"""

import base64
import hashlib
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from decant.errors import InstallError
from decant.files import writing

CACHE = Path(".work/npm")  # git ignores it
PATIENCE = 600  # seconds: the larger of the two is 33 MB
CHUNK = 2**20


@dataclass(frozen=True)
class Package:
    name: str
    version: str
    integrity: str  # sha512 of the tarball, as lock files of npm write it
    files: dict[str, str]  # where one lies in the tarball -> its name in the page's vendor/

    @property
    def tarball(self) -> str:
        """Its name, as `npm pack` gives it."""
        return f"{self.name.removeprefix('@').replace('/', '-')}-{self.version}.tgz"


PACKAGES = (
    # Runs the model. This build has the processor alone: 14.2 MB, 3.7 MB compressed, where those with WebGPU have 27 MB,
    # and the module has its loader inside. One wasm serves one thread and many; the page asks for one.
    Package(
        "onnxruntime-web",
        "1.30.0",
        "sha512-q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ==",
        {
            "dist/ort.wasm.bundle.min.mjs": "onnxruntime.mjs",
            "dist/ort-wasm-simd-threaded.wasm": "onnxruntime.wasm",
        },
    ),
    # Reads tokenizer.json: 37 KB that need nothing else. transformers.js would bring the same and 1 MB around it.
    Package(
        "@huggingface/tokenizers",
        "0.2.0",
        "sha512-LidMHe1FpcSYH4vcSjXooda34pC0M8m1gmDOv7SQi6Iv+ib1zX7J3sHBCC9/3FPCkn2k1b55FneVqMRxrr99pg==",
        {"dist/tokenizers.min.mjs": "tokenizers.mjs", "LICENSE": "tokenizers.LICENSE"},
    ),
)


def files(cache: Path = CACHE) -> Iterator[tuple[str, bytes]]:
    """Name in vendor/ and bytes of every file that the page carries; a package that is not in the cache is fetched.

    Raises InstallError: npm is missing or cannot fetch the package, or its bytes are not those of the table.
    """
    for package in PACKAGES:
        with tarfile.open(fetched(package, cache)) as tar:
            for path, name in package.files.items():
                yield name, tar.extractfile(f"package/{path}").read()


def fetched(package: Package, cache: Path) -> Path:
    """The tarball in the cache, checked."""
    target = cache / package.tarball
    if not target.exists():
        with writing(target) as partial:
            _pack(package, cache).replace(partial)
            _check(package, partial, "npm's registry has another package of this name")
        return target
    _check(package, target, "delete it, and it is fetched again")
    return target


def _pack(package: Package, cache: Path) -> Path:
    """The tarball as npm writes it."""
    what = f"{package.name}@{package.version}"
    npm = shutil.which("npm")
    if npm is None:
        raise InstallError(
            f"npm is missing, which fetches {what} for the page. Install Node.js, or put {package.tarball} into {cache}"
        )
    folder = cache / ".npm.partial"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    command = [npm, "pack", what, "--ignore-scripts", "--pack-destination", str(folder)]
    try:
        ended = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
        reason = ended.stderr.strip()[-500:]
    except subprocess.TimeoutExpired:
        reason = f"no answer in {PATIENCE} seconds"
    packed = folder / package.tarball
    if not packed.exists():
        raise InstallError(
            f"npm could not fetch {what}. Look at its registry (npm config get registry), or put {package.tarball} into "
            f"{cache}. npm said: {reason}"
        )
    return packed


def _check(package: Package, file: Path, mend: str) -> None:
    sha512 = hashlib.sha512()
    with file.open("rb") as stream:
        while part := stream.read(CHUNK):
            sha512.update(part)
    found = f"sha512-{base64.b64encode(sha512.digest()).decode()}"
    if found != package.integrity:
        raise InstallError(f"{file}: {found[:20]}…, and not {package.integrity[:20]}… of {package.tarball}; {mend}")
