"""A tokenizer.json of anybody, and what the package tokenizers says of it.

Of whatever it cannot read or use, that package raises Exception itself and no class below it; some files make its Rust panic,
with a class that is no Exception at all. 1,598 of 1,885 files with one wrong value ended in the first when they were opened, 4
when they met a text, and 11 in a panic.
"""

from pathlib import Path

from decant.errors import DecantError

PANIC = "pyo3_runtime"  # the module of what a panic raises, which cannot be imported
# words and signs of few vocabularies, blanks and entities: what makes a file fail that opens
PROBE = "hello \U0001f600 qqqzzz \u00fcn\u00ef \ua66e\U00013080 <b>&amp;</b> 1,000!\n\t"


class reading:
    """A block in which tokenizers reads that file: what it cannot read becomes an error of ours. Any other one passes.

    error: of which class. mend: what to do about it.
    """

    def __init__(self, file: object, error: type[DecantError], mend: str):
        self.file, self.error, self.mend = file, error, mend

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, said: BaseException | None, _: object) -> None:
        if kind is Exception or getattr(kind, "__module__", None) == PANIC:
            raise self.error(f"{self.file}: tokenizers cannot read it ({said!s:.200}). {self.mend}") from None


def tried(file: Path, error: type[DecantError], mend: str) -> None:
    """Raises that error: tokenizers cannot read the file, or breaks at a text. One that is missing is left to its reader.

    For whoever reads it by transformers, which looks into it before tokenizers does and ends in errors of many kinds.
    """
    from tokenizers import Tokenizer  # here, for a linear bundle does without

    with reading(file, error, mend):
        if file.exists():
            Tokenizer.from_file(str(file)).encode(PROBE)
