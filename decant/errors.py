"""The errors that Decant raises on purpose: each says what was found, where, and what to do.

A stage that meets one prints the message and exits 1 (`decant.stage`); anything else is a bug and keeps its traceback.
"""


class DecantError(Exception):
    """Base of every error below; never raised itself."""


class ParamsError(DecantError):
    """params.yaml holds an unknown, missing, mistyped or contradictory key."""


class CodeError(DecantError):
    """The code that a stage runs cannot be followed: a module that is not there, or a package that nothing pins."""


class DataError(DecantError):
    """A raw file, the prepared table or a split is not what the params say it is."""


class ResourceError(DecantError):
    """Something that has to be fetched once, such as an NLTK corpus or a hub data set, is not on this machine."""


class EncoderError(DecantError):
    """Encoder weights or tokenizer are missing, unverified or not the ones that were asked for."""


class SearchError(DecantError):
    """A search for settings has no winner, one that its own trials contradict, or a storage that does not answer."""


class CacheError(DecantError):
    """A file that an earlier stage wrote does not match its own record."""


class ParityError(DecantError):
    """Two formats of one model disagree by more than the tolerance in params."""


class BudgetError(DecantError):
    """A model is larger than the budget in params."""


class BundleError(DecantError):
    """A bundle lacks a file, holds other bytes than it lists, or was made by another version."""


class PromotionError(DecantError):
    """A bundle may not be released: the verdict is red, missing, or about other bytes."""


class InputError(DecantError):
    """What a caller gives the classifier is no text, or longer than the bundle takes."""


class InstallError(DecantError):
    """An optional package is not installed; the message names the extra that brings it."""


class RevisionError(DecantError):
    """A revision of the project is not there, or a file of it cannot be read."""
