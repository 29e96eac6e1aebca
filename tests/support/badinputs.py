"""Bad inputs, counted: a test with the mark `bad_input` gives the product one input that it must refuse, a raw file, params,
an encoder, a bundle, a text or a table. Each case is one of them, and fails unless an error of ours said why; what it has to
say, the test itself compares. How many there were stands at the end of the tests' output.
"""

import pytest

from decant.errors import DecantError

MARK = "bad_input"
SHORT, LONG = 20, 4000  # characters: what names neither place nor reason, and what nobody reads
said: list[str] = []


def patch() -> None:
    """Errors of ours are written down as they are made."""
    make = DecantError.__init__

    def told(self, *words):
        said.append(" ".join(map(str, words)))
        make(self, *words)

    DecantError.__init__ = told


def clear(message: str) -> bool:
    return SHORT <= len(message) <= LONG and "Traceback" not in message


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", f"{MARK}: each case is one input that is refused with a clear error")
    patch()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item):
    said.clear()
    result = yield
    if item.get_closest_marker(MARK):
        assert said, "no error of ours says why this input is refused"
        assert [message for message in said if not clear(message)] == []
    return result


def pytest_terminal_summary(terminalreporter) -> None:
    passed = terminalreporter.stats.get("passed", [])
    refused = {report.nodeid for report in passed if report.when == "call" and MARK in report.keywords}
    if refused:
        terminalreporter.write_line(f"{len(refused)} bad inputs, each a clear error", green=True)
