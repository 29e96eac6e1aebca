"""The service in one process: what it answers, what it refuses and with which status, and what it counts."""

import asyncio
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import served
from pydantic import ValidationError
from starlette.testclient import TestClient

from decant.deploy import asking, inference
from decant.deploy.inference import Busy, Inference
from decant.deploy.service import EXAMPLES, REFUSALS, Limits, create_app
from decant.errors import InputError
from decant.runtime import Bundle

LIMITS = Limits(batch=40, body=1 << 20, queue=2, timeout=30)
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return served.write(tmp_path_factory.mktemp("service"))


@pytest.fixture
def bundle(folder):
    return Bundle(folder)


@pytest.fixture
def client(bundle):
    with TestClient(create_app(bundle, LIMITS), raise_server_exceptions=False) as client:
        yield client


def texts_of(response) -> list[str]:
    return [prediction["answer"] for prediction in response.json()["predictions"]]


# --- answers ----------------------------------------------------------------------------------------------------------


def test_a_list_of_texts_is_answered_in_its_order_as_the_bundle_answers_it(client, bundle):
    texts = ["btc", "airdrop airdrop now", "hello", ""] * 9
    response = client.post("/predict", json={"texts": texts})
    assert response.status_code == 200
    assert response.json() == {
        "task": "demo", "model_md5": bundle.record["model_md5"], "predictions": bundle.predict(texts)
    }  # fmt: skip
    assert texts_of(response)[:3] == ["crypto", "scam", "clean"]


def test_one_text_is_answered_like_a_list_of_one(client):
    one, listed = (client.post("/predict", json={"texts": texts}) for texts in ("btc", ["btc"]))
    assert one.status_code == 200
    assert one.json() == listed.json()


def test_with_explain_each_prediction_says_which_words_moved_it(client, bundle, monkeypatch):
    moved = [("btc", 0, 3, 0.76159), ("now", 4, 7, 0.0)]
    monkeypatch.setattr(bundle, "explain", lambda text: moved if text == "btc now" else [], raising=False)
    found = client.post("/predict", json={"texts": ["btc now", "hello"], "explain": True}).json()["predictions"]
    assert found[0]["words"] == [
        {"word": "btc", "start": 0, "end": 3, "effect": 0.7616},
        {"word": "now", "start": 4, "end": 7, "effect": 0.0},
    ]
    assert found[1]["words"] == []
    assert "words" not in client.post("/predict", json={"texts": "btc now"}).json()["predictions"][0]


def test_labels_are_what_the_answers_can_be(client):
    assert client.get("/labels").json() == {
        "task": "demo",
        "rule": "priority",
        "answers": ["scam", "crypto", "clean"],
        "heads": {
            "scam": {"kind": "softmax", "labels": ["honest", "scam"]},
            "topic": {"kind": "sigmoid", "labels": ["crypto", "money"]},
            "urgency": {"kind": "regression", "labels": []},
        },
        "thresholds": {"scam": 0.9, "crypto": 0.6},
    }


def test_health_says_which_bundle_it_is(client, bundle):
    about = {"task": "demo", "model_md5": bundle.record["model_md5"], "format": bundle.record["format"]}
    assert client.get("/health").json() == {"status": "ok", **about}


# --- what is refused: the status is documented, and the process lives -------------------------------------------------

DEEP = "[" * 100_000
BAD = {
    "malformed JSON": ('{"texts": ["a"', 400),
    "no body": ("", 400),
    "not UTF-8": (b'{"texts": "\xff"}', 400),
    "UTF-16": ('{"texts": "a"}'.encode("utf-16"), 400),
    "a lone surrogate": ('{"texts": "\\ud800"}', 400),
    "a lone surrogate in a list": ('{"texts": ["a", "\\udfff b"]}', 400),
    "deeply nested": (f'{{"texts": {DEEP}', 400),
    "deeply nested and whole": (f'{{"texts": {DEEP}{"]" * 100_000}}}', 400),
    "an empty list": ('{"texts": []}', 422),
    "NaN": ('{"texts": NaN}', 400),
    "NaN in a list": ('{"texts": ["a", NaN]}', 400),
    "Infinity": ('{"texts": -Infinity}', 400),
    "a number beyond all bounds": ('{"texts": 1e999999}', 422),
    "null": ('{"texts": null}', 422),
    "null in a list": ('{"texts": ["a", null]}', 422),
    "a number": ('{"texts": 7}', 422),
    "a number in a list": ('{"texts": ["a", 7]}', 422),
    "an object": ('{"texts": {"a": "b"}}', 422),
    "a list in a list": ('{"texts": [["a"]]}', 422),
    "a bare text": ('"a"', 422),
    "a bare list": ('["a"]', 422),
    "another key": ('{"text": "a"}', 422),
    "a key too many": ('{"texts": "a", "threshold": 0.5}', 422),
    "explain that is no boolean": ('{"texts": "a", "explain": "yes"}', 422),
    "a million characters": (json.dumps({"texts": "a" * 1_000_000}), 413),
    "a text over the cap in a list": (json.dumps({"texts": ["a", "b" * 20_001]}), 413),
    "a text too many": (json.dumps({"texts": ["a"] * 41}), 413),
    "more to explain than may be": (json.dumps({"texts": ["a"] * 9, "explain": True}), 413),
    "a longer text to explain than may be": (json.dumps({"texts": "a" * 2001, "explain": True}), 413),
    "ten megabytes": (json.dumps({"texts": "a" * 10_000_000}), 413),
    "a byte too many": (json.dumps({"texts": "a"}).ljust((1 << 20) + 1), 413),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_body_gets_its_documented_status_and_the_process_lives(client, name):
    body, status = BAD[name]
    response = client.post("/predict", content=body, headers=JSON)
    assert (response.status_code, list(response.json())) == (status, ["detail"])
    assert len(response.json()["detail"]) < 200
    described = client.get("/openapi.json").json()["paths"]["/predict"]["post"]["responses"]
    assert str(status) in described
    assert texts_of(client.post("/predict", json={"texts": "btc"})) == ["crypto"]


def test_a_refusal_names_the_place_and_not_the_text(client):
    for body, detail in (
        ({"texts": ["fine", 7]}, "texts[1]: Input should be a valid string"),
        ({"texts": {"secret": "1"}}, "texts: neither a text nor a list of texts"),
        ({"texts": []}, "texts: holds no text"),
        (["secret"], 'the body: no object, which looks like {"texts": ["one", "two"]}'),
        ({"texts": "a", "threshold": 1}, "'threshold': no such key; there are texts, explain"),
        ({"texts": "a", "": 1}, "'': no such key; there are texts, explain"),
        ({"texts": ["secret" * 5_000]}, "texts[0]: 30,000 characters, at most 20,000: cut it, or send its parts"),
    ):
        assert client.post("/predict", json=body).json() == {"detail": detail}


def test_many_mistakes_are_one():
    """A body of a megabyte holds half a million; to tell of each would take the process seconds, and its memory."""
    with pytest.raises(ValidationError) as found:
        asking.Question.model_validate({"texts": [7] * 1000})
    assert found.value.error_count() == 1


def test_what_is_as_large_as_may_be_is_answered(client):
    body = json.dumps({"texts": ["a " * 10_000] * 40}).ljust(1 << 20)
    assert len(body) == 1 << 20
    assert client.post("/predict", content=body, headers=JSON).status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "application/json"}, 200),
        ({"Content-Type": "Application/JSON; charset=UTF-8"}, 200),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({}, 415),
        ({"Content-Type": "application/json", "Content-Encoding": "gzip"}, 415),
    ],
    ids=str,
)
def test_only_plain_json_is_read(client, headers, status):
    assert client.post("/predict", content='{"texts": "btc"}', headers=headers).status_code == status


def test_another_path_or_method_is_refused_as_usual(client):
    assert client.get("/nothing").status_code == 404
    assert client.get("/predict?texts=secret").status_code == 405
    assert client.get("/docs").status_code == 404


def test_the_cap_of_the_bundles_record_holds(bundle):
    bundle.record["runtime"] = {"max_characters": 5}
    with TestClient(create_app(bundle, LIMITS._replace(batch=2))) as client:
        assert client.post("/predict", json={"texts": "12345"}).status_code == 200
        assert client.post("/predict", json={"texts": "123456"}).status_code == 413


def test_what_the_bundle_does_not_take_is_422(client, bundle, monkeypatch):
    def refuse(texts):
        raise InputError("texts[0]: no text")

    monkeypatch.setattr(bundle, "predict", refuse)
    response = client.post("/predict", json={"texts": "a"})
    assert (response.status_code, response.json()) == (422, {"detail": "texts[0]: no text"})


def test_a_bug_is_500_without_a_word_of_the_text_and_the_process_lives(client, bundle, monkeypatch):
    right = bundle.predict
    monkeypatch.setattr(bundle, "predict", lambda texts: right(texts) if texts == ["btc"] else 1 / 0)
    response = client.post("/predict", json={"texts": "secret"})
    assert (response.status_code, response.json()) == (500, {"detail": "the service failed; its log says where"})
    assert texts_of(client.post("/predict", json={"texts": "btc"})) == ["crypto"]


def test_of_a_body_that_never_ends_only_so_much_is_read(client, monkeypatch):
    monkeypatch.setattr(asking, "DISCARDED", 3 << 20)
    sent = []

    def endless():
        while True:
            sent.append(1 << 20)
            yield b" " * (1 << 20)

    class Endless:
        headers = {}

        async def stream(self):
            for part in endless():
                yield part

    with pytest.raises(asking.HTTPException, match="413") as refused:
        asyncio.run(asking.read_body(Endless(), 1 << 20))
    assert refused.value.headers == {"Connection": "close"}
    assert sum(sent) == 4 << 20


# --- the line before the bundle ---------------------------------------------------------------------------------------


class Gate:
    """A bundle whose predictions wait until the gate is opened."""

    def __init__(self, bundle, monkeypatch):
        self.opened, self.calls, right = threading.Event(), [], bundle.predict

        def predict(texts):
            self.calls.append(texts)
            assert self.opened.wait(20)
            return right(texts)

        monkeypatch.setattr(bundle, "predict", predict)

    def wait(self, calls: int) -> None:
        """Until so many predictions have begun."""
        until(lambda: len(self.calls) == calls)


def until(holds) -> None:
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.005)


def in_line(client) -> float:
    return served.metric(client.get("/metrics").text, "decant_requests_in_line")


def test_who_comes_when_the_line_is_full_gets_503_at_once_and_who_waits_is_answered(client, bundle, monkeypatch):
    gate = Gate(bundle, monkeypatch)
    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(client.post, "/predict", json={"texts": "btc"}) for _ in range(2)]
        until(lambda: in_line(client) == 2)
        refused = client.post("/predict", json={"texts": "btc"})
        assert client.get("/health").status_code == 200  # the event loop is free
        gate.opened.set()
        assert [answered.result().status_code for answered in waiting] == [200, 200]
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
    assert client.post("/predict", json={"texts": "btc"}).status_code == 200


def test_a_late_answer_is_504_and_keeps_its_place_until_its_slice_is_done(bundle, monkeypatch):
    app = create_app(bundle, Limits(batch=40, queue=1, timeout=0.2))
    gate = Gate(bundle, monkeypatch)
    with TestClient(app) as client:
        late = client.post("/predict", json={"texts": ["btc"] * 40})
        assert late.status_code == 504
        assert client.post("/predict", json={"texts": "btc"}).status_code == 503  # the thread is still at it
        gate.opened.set()
        until(lambda: client.post("/predict", json={"texts": "btc"}).status_code == 200)
    assert gate.calls[0] == ["btc"] * inference.SLICE
    assert gate.calls[1] == ["btc"], "the other 24 texts were classified for nobody"


def test_who_stops_waiting_in_the_line_is_never_answered(bundle, monkeypatch):
    gate, line = Gate(bundle, monkeypatch), Inference(bundle, 2)

    async def ask():
        first = asyncio.create_task(line.answer(["first"], False))
        await asyncio.to_thread(gate.wait, 1)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(line.answer(["second"], False), 0.05)
        third = asyncio.create_task(line.answer(["third"], False))  # on the place of the second
        await asyncio.sleep(0)
        with pytest.raises(Busy):
            await line.answer(["fourth"], False)
        gate.opened.set()
        return len(await first), len(await third)

    assert asyncio.run(ask()) == (1, 1)
    line.close()
    assert gate.calls == [["first"], ["third"]]


# --- a key ------------------------------------------------------------------------------------------------------------


def test_with_a_key_only_health_is_open(bundle):
    calls = [("POST", "/predict"), ("GET", "/labels"), ("GET", "/metrics"), ("GET", "/openapi.json")]
    with TestClient(create_app(bundle, LIMITS, "the-key")) as client:
        assert client.get("/health").status_code == 200
        for method, path in calls:
            given = {"json": {"texts": "btc"}} if method == "POST" else {}
            for wrong in ({}, {"Authorization": "Bearer the-ke"}, {"Authorization": "Basic the-key"},
                          {"Authorization": b"Bearer \xe9"}, {"Authorization": "Bearer"}):  # fmt: skip
                refused = client.request(method, path, headers=wrong, **given)
                assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, "Bearer"), (path, wrong)
            right = client.request(method, path, headers={"Authorization": "Bearer the-key"}, **given)
            assert right.status_code == 200, path


def test_a_body_without_the_key_is_not_read(bundle):
    with TestClient(create_app(bundle, LIMITS, "the-key")) as client:
        assert client.post("/predict", content="{", headers={"Content-Type": "text/plain"}).status_code == 401


# --- what it says of itself -------------------------------------------------------------------------------------------


def test_openapi_documents_every_status_and_its_examples_are_real(client, bundle, monkeypatch):
    monkeypatch.setattr(bundle, "explain", lambda text: [], raising=False)
    described = client.get("/openapi.json").json()
    predict = described["paths"]["/predict"]["post"]
    assert set(predict["responses"]) == {"200", *(str(status) for status in REFUSALS)} - {"401"}  # there is no key
    shown = predict["responses"]["200"]["content"]["application/json"]["example"]
    examples = predict["requestBody"]["content"]["application/json"]["examples"]
    assert client.post("/predict", json=examples["several"]["value"]).json() == shown
    assert [len(prediction["heads"]) for prediction in shown["predictions"]] == [3] * len(EXAMPLES)
    assert client.post("/predict", json=examples["one"]["value"]).status_code == 200
    assert set(described["paths"]) == {"/predict", "/labels", "/health", "/metrics"}


def test_openapi_says_the_limits_that_hold(client):
    """So that a client which checks its questions is never refused."""
    body = client.get("/openapi.json").json()["paths"]["/predict"]["post"]["requestBody"]
    schema = body["content"]["application/json"]["schema"]
    one, several = schema["properties"]["texts"]["anyOf"]
    assert (one["maxLength"], several["items"]["maxLength"], several["maxItems"]) == (20_000, 20_000, LIMITS.batch)
    explained = schema["then"]["properties"]["texts"]["anyOf"][1]
    assert (explained["items"]["maxLength"], explained["maxItems"]) == (2000, 8)


def test_openapi_documents_the_key_where_there_is_one(bundle):
    with TestClient(create_app(bundle, LIMITS, "the-key")) as client:
        described = client.get("/openapi.json", headers={"Authorization": "Bearer the-key"}).json()
    assert "401" in described["paths"]["/predict"]["post"]["responses"]
    assert described["paths"]["/labels"]["get"]["security"] == [{"HTTPBearer": []}]
    assert "security" not in described["paths"]["/health"]["get"]


def test_metrics_count_requests_texts_and_answers(client):
    client.post("/predict", json={"texts": ["btc", "btc", "hello"]})
    client.post("/predict", json={"texts": []})
    client.get("/secret-path")
    found = client.get("/metrics").text
    assert served.metric(found, "decant_requests_total", path="/predict", status="200") == 1
    assert served.metric(found, "decant_requests_total", path="/predict", status="422") == 1
    assert served.metric(found, "decant_requests_total", path="other", status="404") == 1
    assert served.metric(found, "decant_texts_total") == 3
    assert served.metric(found, "decant_answers_total", answer="crypto") == 2
    assert served.metric(found, "decant_answers_total", answer="clean") == 1
    assert served.metric(found, "decant_predict_seconds_count") == 1  # of those that were answered
    assert served.metric(found, "decant_requests_in_line") == 0
    assert served.metric(found, "decant_bundle", task="demo") == 1
    assert "secret" not in found


def test_metrics_count_several_answers_of_a_text_and_none(bundle):
    bundle.predict = lambda texts: [{"answer": text.split(), "heads": {}} for text in texts]
    with TestClient(create_app(bundle, LIMITS)) as client:
        client.post("/predict", json={"texts": ["crypto money", "money", ""]})
        found = client.get("/metrics").text
    assert served.metric(found, "decant_answers_total", answer="money") == 2
    assert served.metric(found, "decant_answers_total", answer="crypto") == 1
    assert served.metric(found, "decant_texts_without_answer_total") == 1
