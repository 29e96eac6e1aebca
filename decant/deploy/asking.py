"""What a client may ask of the service, and how a request that is no question is refused."""

from typing import Annotated

from fastapi import HTTPException, Request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import from_json
from starlette.requests import ClientDisconnect

DISCARDED = 64 << 20  # bytes of a body that is too large are read and dropped up to here: then its client reads the 413
EXPLAINED, EXPLAINED_CHARACTERS = 8, 2000  # texts of one request, and of each: every word takes a prediction

# in place of pydantic's words, which know nothing of the one text
WORDS = {"list_type": "neither a text nor a list of texts", "too_short": "holds no text"}


class Question(BaseModel):
    """The body of POST /predict."""

    model_config = ConfigDict(strict=True, json_schema_extra={"additionalProperties": False})

    texts: Annotated[
        list[str],
        Field(min_length=1, fail_fast=True),  # a megabyte holds half a million mistakes: one is told
        BeforeValidator(lambda value: [value] if isinstance(value, str) else value),
    ]
    explain: bool = Field(False, description="Also say which words moved the answer.")


def schema(batch: int, characters: int) -> dict:
    """The JSON Schema of a Question, with the limits that hold: of texts, and of characters of each."""

    def texts(most: int, longest: int) -> dict:
        text = {"type": "string", "maxLength": longest}
        return {"anyOf": [text, {"type": "array", "items": text, "minItems": 1, "maxItems": most}]}

    found = Question.model_json_schema()
    found["properties"]["texts"] = texts(batch, characters) | {"description": "One text, or a list of them."}
    explained = texts(min(batch, EXPLAINED), min(characters, EXPLAINED_CHARACTERS))
    found["if"] = {"properties": {"explain": {"const": True}}, "required": ["explain"]}
    found["then"] = {"properties": {"texts": explained}}
    return found


def check_headers(request: Request) -> None:
    """415 unless the body is plain JSON."""
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind != "application/json":
        raise HTTPException(415, "the body has to be JSON: send the header Content-Type: application/json")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise HTTPException(415, "the body has to be plain: send no Content-Encoding")


async def read_body(request: Request, most: int) -> bytes:
    """The body; 413 if it has more than `most` bytes, of which no more than these are kept."""
    refused = HTTPException(413, f"the body has more than {most:,} bytes: send fewer texts a request")
    if "expect" in request.headers and int(request.headers.get("content-length", 0)) > most:
        raise refused  # such a client waits for a word before it sends anything
    body, size = bytearray(), 0
    try:
        async for part in request.stream():
            size += len(part)
            if size <= most:
                body += part
            elif size > DISCARDED:
                refused.headers = {"Connection": "close"}
                raise refused
    except ClientDisconnect:
        raise HTTPException(400, "the body ended early") from None
    if size > most:
        raise refused
    return bytes(body)


def read_question(body: bytes, batch: int, characters: int) -> Question:
    """The question in a body; 400 if it is not JSON, 422 if it is no question, 413 if it asks too much."""
    try:
        found = from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise HTTPException(400, f"the body is not JSON in UTF-8: {error}") from None
    if not isinstance(found, dict):
        raise HTTPException(422, 'the body: no object, which looks like {"texts": ["one", "two"]}')
    unknown = next((key for key in found if key not in Question.model_fields), None)
    if unknown is not None:
        raise HTTPException(422, f"{unknown[:40]!r}: no such key; there are {', '.join(Question.model_fields)}")
    try:
        question = Question.model_validate(found)
    except ValidationError as error:
        first = error.errors()[0]
        place = "".join(f"[{part}]" if isinstance(part, int) else part for part in first["loc"])
        raise HTTPException(422, f"{place}: {WORDS.get(first['type'], first['msg'])}") from None
    where = ""
    if question.explain:
        batch, characters, where = min(batch, EXPLAINED), min(characters, EXPLAINED_CHARACTERS), " with explain"
    if len(question.texts) > batch:
        raise HTTPException(413, f"texts: {len(question.texts):,} of them, at most {batch:,} a request{where}")
    for number, text in enumerate(question.texts):
        if len(text) > characters:
            raise HTTPException(
                413,
                f"texts[{number}]: {len(text):,} characters, at most {characters:,}{where}: cut it, or send its parts",
            )
    return question
