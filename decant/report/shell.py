"""A whole HTML page around its body, with the style, and the script that it is given, inside: it needs no other file."""

from pathlib import Path

from decant.report.markup import Html, tag

PAGE = Path(__file__).parent / "page"  # a dependency in dvc.yaml, for the digest of code sees Python alone
STYLE, SCRIPT = PAGE / "style.css", PAGE / "script.js"


def whole(title: str, body: list[Html], script: str = "") -> str:
    """script: JavaScript that runs once the body is there."""
    head = [
        Html('<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'),
        Html('<meta name="color-scheme" content="light dark">'),
        tag("title", title),
        Html(f"<style>{STYLE.read_text(encoding='utf-8')}</style>"),
    ]
    end = [Html(f"<script>{script}</script>")] if script else []
    return f'<!doctype html>\n<html lang="en">\n{tag("head", *head)}\n{tag("body", *body, *end)}\n</html>\n'
