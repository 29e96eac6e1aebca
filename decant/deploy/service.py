"""The service: one bundle behind HTTP, an ASGI application.

POST /predict   texts in, answers out
GET /labels     what the answers can be
GET /health     whether the process lives, and which bundle it holds; needs no key
GET /metrics    counters for Prometheus
GET /openapi.json

A request that cannot be answered gets one of the statuses of REFUSALS and one sentence, {"detail": ...}. No text of a
request is logged.
"""

import asyncio
import hmac
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from decant.deploy.asking import check_headers, read_body, read_question, schema
from decant.deploy.inference import Busy, Inference
from decant.deploy.measures import Measures
from decant.errors import InputError
from decant.runtime import Bundle

EXAMPLES = [
    "Claim your free airdrop now",
    "Rent is due on Friday",
]  # the documentation shows what this bundle says of them
REFUSALS = {
    400: "The body is not JSON in UTF-8, or ended early.",
    401: "No key, or a wrong one.",
    408: "The body did not come within the timeout.",
    413: "Too much: bytes, texts, or characters of one text. The detail says which, and the most.",
    415: "The body is of another type, or compressed.",
    422: "JSON, but no question: the detail names the place.",
    500: "A bug of the service.",
    503: "As many requests wait as may: ask again after a second, or add workers.",
    504: "No answer within the timeout.",
}


class Limits(NamedTuple):
    """What one request may ask, and how many may wait."""

    batch: int = 128  # texts
    body: int = 1 << 20  # bytes
    queue: int = 64  # requests of one process that run or wait
    timeout: float = 10  # seconds from a request's head to its answer


class Word(BaseModel):
    """A word of the text, text[start:end], and what it added to the answer's probability."""

    word: str
    start: int
    end: int
    effect: float


class Prediction(BaseModel):
    """The answer for one text: a class, or a list of them where any number may hold."""

    answer: str | list[str]
    heads: dict[str, dict[str, float] | float]
    words: list[Word] | None = None


class Predictions(BaseModel):
    """One prediction per text, in their order."""

    task: str
    model_md5: str
    predictions: list[Prediction]


class Head(BaseModel):
    kind: str
    labels: list[str]


class Labels(BaseModel):
    """What the answers can be, what each head says, and from which probability on a label counts."""

    task: str
    rule: str
    answers: list[str]
    heads: dict[str, Head]
    thresholds: dict[str, float]


class Health(BaseModel):
    status: str
    task: str
    model_md5: str
    format: int


class Refusal(BaseModel):
    detail: str


class Counted:
    """Counts every request by path and status, and times the answered predictions."""

    def __init__(self, app: ASGIApp, measures: Measures):
        self.app, self.measures = app, measures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500  # where nothing is sent, the server says 500

        async def sent(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, sent)
        finally:
            self.measures.request(scope["path"], status)
            if scope["path"] == "/predict" and status == 200:
                self.measures.seconds.observe(time.perf_counter() - began)


def create_app(bundle: Bundle, limits: Limits, key: str | None = None) -> FastAPI:
    """The application around an open bundle. key: what a client has to send as `Authorization: Bearer <key>`, if any."""
    record = bundle.record
    names = {"task": record["task"], "model_md5": record["model_md5"]}
    characters = bundle.runtime["max_characters"]
    measures, inference = Measures(record), Inference(bundle, limits.queue)
    texts = [text[:characters] for text in EXAMPLES]
    shown = {**names, "predictions": bundle.predict(texts)}  # the first prediction is slow: let it be this one

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        inference.close()

    # no /docs: its page would be fetched from another host
    app = FastAPI(
        title=f"decant: {record['task']}",
        version=record["model_md5"],
        description="A text classifier. Errors are one sentence, in `detail`.",
        lifespan=lifespan,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
    )
    app.add_middleware(Counted, measures=measures)
    app.add_exception_handler(500, _failed)
    guarded = APIRouter(dependencies=[Depends(_guard(key))] if key else [], responses=_refusals(401) if key else {})

    @guarded.post(
        "/predict",
        summary="Classify texts",
        response_model=Predictions,
        responses={200: {"content": {"application/json": {"example": shown}}}} | _refusals(*REFUSALS.keys() - {401}),
        openapi_extra={"requestBody": _body(schema(limits.batch, characters), texts)},
    )
    async def predict(request: Request) -> Response:
        check_headers(request)
        late = HTTPException(408, f"the body took more than {limits.timeout:g} seconds", {"Connection": "close"})
        try:
            async with asyncio.timeout(limits.timeout):
                question = read_question(await read_body(request, limits.body), limits.batch, characters)
                late = HTTPException(504, f"no answer within {limits.timeout:g} seconds: send fewer texts a request")
                with measures.line.track_inprogress():
                    predictions = await inference.answer(question.texts, question.explain)
        except TimeoutError:
            raise late from None
        except Busy:
            raise HTTPException(503, f"{limits.queue} requests wait already", {"Retry-After": "1"}) from None
        except InputError as error:
            raise HTTPException(422, str(error)) from None
        measures.predictions(predictions)
        return JSONResponse({**names, "predictions": predictions})

    @guarded.get("/labels", summary="What the answers can be")
    async def labels() -> Labels:
        heads = {name: Head(kind=head["kind"], labels=head["labels"]) for name, head in record["heads"].items()}
        return Labels(
            task=record["task"],
            rule=bundle.rule.name,
            answers=bundle.classes_,
            heads=heads,
            thresholds=bundle.thresholds,
        )

    @guarded.get("/metrics", summary="Counters for Prometheus", response_class=Response)
    async def metrics() -> Response:
        return Response(measures.exposition(), media_type=CONTENT_TYPE_LATEST)

    @guarded.get("/openapi.json", include_in_schema=False)
    async def openapi() -> JSONResponse:
        return JSONResponse(app.openapi())

    @app.get("/health", summary="Does it live, and which bundle does it hold?")
    async def health() -> Health:
        return Health(status="ok", format=record["format"], **names)

    app.include_router(guarded)
    return app


def _guard(key: str):
    """A dependency that lets only requests with the key pass; compared in constant time."""
    expected = key.encode()

    async def guard(
        given: Annotated[HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False))],
    ) -> None:
        if given is None or not hmac.compare_digest(given.credentials.encode(), expected):
            raise HTTPException(401, "send the header Authorization: Bearer <key>", {"WWW-Authenticate": "Bearer"})

    return guard


async def _failed(request: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"detail": "the service failed; its log says where"}, 500, {"Connection": "close"})


def _refusals(*statuses: int) -> dict:
    return {status: {"model": Refusal, "description": REFUSALS[status]} for status in sorted(statuses)}


def _body(schema: dict, texts: list[str]) -> dict:
    """The body of /predict as OpenAPI shows it; it is read by hand, since only so its size can be limited."""
    examples = {
        "several": {"summary": "A list of texts", "value": {"texts": texts}},
        "one": {"summary": "One text, and which words moved the answer", "value": {"texts": texts[0], "explain": True}},
    }
    return {"required": True, "content": {"application/json": {"schema": schema, "examples": examples}}}
