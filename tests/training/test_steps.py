"""Steps in a settled order: a run repeats byte for byte, and goes on after a kill as if nothing had happened."""

import pytest
import torch
from adapting import CONTRASTIVE, DAPT, HEADS, SPLITS, written

from decant import tables
from decant.errors import ParamsError
from decant.settings.adapt import Contrastive, Dapt
from decant.training import contrastive, dapt, steps

TEXTS = SPLITS["train"]["text"].tolist()
TARGETS = tables.targets(SPLITS["train"], HEADS)


class Killed(Exception):
    pass


def learnt(kind: str, source, work):
    """The encoder after 20 or so steps of dapt or contrastive."""
    torch.set_num_threads(1)
    if kind == "dapt":
        settings = Dapt(**DAPT | {"epochs": 2})
        return dapt.learn(source, TEXTS, 32, settings, "fp32", 13, work)
    settings = Contrastive(**CONTRASTIVE | {"steps": 20})
    return contrastive.learn(source, TEXTS, TARGETS, HEADS, 32, settings, "fp32", 13, work)


def counting(monkeypatch, last: int | None = None) -> list[int]:
    """The number of steps so far, in a list; the run dies in step `last`."""
    done, real = [0], steps.InOrder.compute_loss

    def counted(trainer, *args, **kwargs):
        if done[0] == last:
            raise Killed
        done[0] += 1
        return real(trainer, *args, **kwargs)

    monkeypatch.setattr(steps.InOrder, "compute_loss", counted)
    return done


@pytest.fixture(scope="module")
def source(tiny_encoder, tmp_path_factory):
    return written(tiny_encoder, tmp_path_factory.mktemp("source") / "tiny")


@pytest.fixture(scope="module", params=["dapt", "contrastive"])
def whole(request, source, tmp_path_factory):
    """A run that nothing interrupted, and how many steps it took."""
    with pytest.MonkeyPatch.context() as patch:
        done = counting(patch)
        model, figures = learnt(request.param, source, tmp_path_factory.mktemp("whole") / "work-1")
    assert done[0] == figures["steps"]
    return request.param, model.state_dict(), figures


def same(one: dict, other: dict) -> bool:
    return one.keys() == other.keys() and all(torch.equal(tensor, other[name]) for name, tensor in one.items())


def test_a_second_run_is_the_same(whole, source, tmp_path):
    kind, weights, figures = whole
    model, again = learnt(kind, source, tmp_path / "work-1")
    assert same(model.state_dict(), weights)
    assert again == figures


def test_a_killed_run_goes_on_from_its_last_checkpoint(whole, source, tmp_path, monkeypatch):
    kind, weights, figures = whole
    with monkeypatch.context() as patch:
        counting(patch, last=figures["steps"] // 2)
        with pytest.raises(Killed):
            learnt(kind, source, tmp_path / "work-1")
    done = counting(monkeypatch)
    model, again = learnt(kind, source, tmp_path / "work-1")
    assert done[0] <= figures["steps"] // 2 + figures["steps"] // steps.SAVES + 1
    assert same(model.state_dict(), weights)
    assert again == figures


def test_the_live_log_grows_beside_the_work_folder(source, tmp_path):
    learnt("contrastive", source, tmp_path / "work-1")
    log = (tmp_path / "work.csv").read_text(encoding="utf-8").splitlines()
    assert log[0].startswith("step,epoch,loss")
    assert len(log) == 1 + 20


def test_bf16_is_refused_where_the_processor_lacks_it(source, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ParamsError, match=r"precision: bf16 \(of teacher, distil or adapt\)"):
        dapt.learn(source, TEXTS, 32, Dapt(**DAPT), "bf16", 13, tmp_path / "work-1")
