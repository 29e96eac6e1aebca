"""Thresholds: the highest recall that a cap allows, on these rows or with confidence on any; priority's leftovers."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from sklearn.metrics import f1_score

from decant import decision
from decant.errors import ParamsError
from decant.heads import layout
from decant.keys import Tuned
from decant.scoring.metrics import upper_bound
from decant.settings.params import read
from decant.settings.thresholds import Thresholds
from stages import thresholds

TOPIC = layout({"topic": {"kind": "sigmoid", "labels": ["crypto", "money"]}})
BOTH = layout(
    {
        "scam": {"kind": "softmax", "labels": ["honest", "scam"]},
        "topic": {"kind": "sigmoid", "labels": ["crypto", "money"]},
    }
)
PRIORITY = decision.Rule("priority", order=("scam", "crypto"), otherwise="clean")
EACH = decision.Rule("thresholds", head="topic")
LIKELIEST = decision.Rule("argmax", head="scam")


def wanted(policy, **caps):
    return Thresholds(policy=policy, confidence=0.95, rows=["calib"], caps=caps)


def hold(score, truth, cap, policy):
    """The threshold of one capped class, and whether it holds."""
    limit = thresholds.Limit(cap, thresholds.share_of(wanted(policy, crypto=cap)))
    return thresholds.capped(score, truth, thresholds.allowed(limit, int((~truth).sum()), policy))


def sample(seed, rows=400, share=0.3):
    """Scores that separate the classes half-way, and the truth."""
    rng = np.random.default_rng(seed)
    truth = rng.random(rows) < share
    return np.where(truth, rng.beta(4, 2, rows), rng.beta(2, 4, rows)), truth


def fpr_and_recall(score, truth, threshold):
    fired = score >= threshold
    return (fired & ~truth).sum() / (~truth).sum(), (fired & truth).sum() / truth.sum()


# --- one capped class -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("cap", [0.01, 0.02, 0.1, 0.5])
def test_empirical_takes_the_highest_recall_within_the_cap(seed, cap):
    score, truth = sample(seed)
    found, feasible = hold(score, truth, cap, "empirical")
    assert feasible
    each = [fpr_and_recall(score, truth, threshold) for threshold in [*np.unique(score), 2.0]]
    best = max(recall for fpr, recall in each if fpr <= cap)
    fpr, recall = fpr_and_recall(score, truth, found)
    assert fpr <= cap
    assert recall == best


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("cap", [0.02, 0.1, 0.5])
def test_risk_controlled_takes_the_highest_recall_whose_bound_is_within_the_cap(seed, cap):
    score, truth = sample(seed)
    found, feasible = hold(score, truth, cap, "risk_controlled")
    assert feasible
    negatives = int((~truth).sum())

    def bound(threshold):
        return upper_bound(int(((score >= threshold) & ~truth).sum()), negatives, 0.95)

    assert bound(found) <= cap
    best = max((truth & (score >= one)).sum() for one in np.unique(score) if bound(one) <= cap)
    assert (truth & (score >= found)).sum() == best


scores_and_truth = st.lists(st.tuples(st.integers(0, 1000), st.booleans()), min_size=1, max_size=300)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(rows=scores_and_truth, cap=st.floats(0.01, 0.9))
def test_risk_controlled_is_never_below_empirical_and_both_hold_their_promise(rows, cap):
    score, truth = np.array([one / 1000 for one, _ in rows]), np.array([one for _, one in rows])
    strict, certain = hold(score, truth, cap, "risk_controlled")
    loose, possible = hold(score, truth, cap, "empirical")
    assert strict >= loose
    negatives, false = int((~truth).sum()), int(((score >= strict) & ~truth).sum())
    assert not certain or upper_bound(false, negatives, 0.95) <= cap
    assert certain or strict == thresholds.NEVER
    assert not possible or ((score >= loose) & ~truth).sum() <= cap * negatives


@pytest.mark.parametrize(
    ("negatives", "cap", "feasible"),
    [
        pytest.param(148, 0.02, False, id="148 negatives cannot show 2 %"),
        pytest.param(149, 0.02, True, id="149 can"),
        pytest.param(58, 0.05, False, id="58 cannot show 5 %"),
        pytest.param(59, 0.05, True, id="59 can"),
        pytest.param(0, 0.05, False, id="none shows nothing"),
    ],
)
def test_a_cap_needs_enough_negatives(negatives, cap, feasible):
    score = np.concatenate([np.linspace(0.6, 0.9, 30), np.linspace(0.1, 0.4, negatives)])
    truth = np.arange(len(score)) < 30
    found, holds = hold(score, truth, cap, "risk_controlled")
    assert holds == feasible
    assert ((score >= found) & truth).sum() == (30 if feasible else 0)
    assert feasible or found > score.max()


def test_an_infeasible_class_never_fires_and_says_so():
    rng = np.random.default_rng(0)
    chances = rng.random((60, 2))
    chances[0] = 1.0  # certainty, which a threshold of 1 would let through
    gold = rng.random((60, 2)) < 0.5
    tuned, said = thresholds.tune(EACH, TOPIC, chances, gold, wanted("risk_controlled", crypto=0.01))
    report = said["classes"]
    assert report["crypto"]["feasible"] == 0
    assert report["crypto"]["recall"] == report["crypto"]["fpr"] == 0
    assert tuned["crypto"] > 1
    assert not decision.decide(EACH, TOPIC, chances, tuned)[:, 0].any()
    assert report["money"]["feasible"] == 1


@pytest.mark.parametrize("policy", ["empirical", "risk_controlled"])
def test_a_class_whose_top_scores_are_all_wrong_is_infeasible(policy):
    score = np.array([0.9] * 20 + [0.5] * 10 + [0.1] * 80)
    truth = np.array([False] * 20 + [True] * 10 + [False] * 80)
    found, feasible = hold(score, truth, 0.05, policy)
    assert not feasible
    assert found > score.max()


def test_a_draw_of_two_rows_is_not_split_by_a_threshold():
    """A right and a wrong row with the same score: no threshold lets only the right one through."""
    score = np.array([0.8, 0.8, *np.linspace(0.1, 0.2, 18)])
    truth = np.array([True, False, *[False] * 18])
    found, feasible = hold(score, truth, 0.04, "empirical")
    assert not feasible
    assert found == thresholds.NEVER


@pytest.mark.parametrize("most", [None, 50])
@pytest.mark.parametrize("seed", range(5))
def test_no_candidate_coincides_with_a_score(seed, most):
    score = np.random.default_rng(seed).random(300).astype(np.float32).astype(float)
    found = thresholds.candidates(score, most)
    assert not np.isin(found, score).any()
    assert len(found) == (most or len(np.unique(score)))
    assert (np.diff(found) < 0).all()
    assert found.min() > 0


def test_candidates_leave_out_the_rows_that_are_taken():
    assert thresholds.candidates(np.array([-1.0, 0.4, -1.0, 0.6])).tolist() == [0.5, 0.2]


def test_candidates_part_any_two_scores():
    score = np.array([0.2, 0.4, 0.4, 0.9])
    parts = {tuple(score >= threshold) for threshold in thresholds.candidates(score)}
    assert parts == {(False, False, False, True), (False, True, True, True), (True, True, True, True)}


# --- the promise about fresh rows -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def true_rates():
    """The true FPR of the threshold chosen on each of 200 draws: negatives score uniformly, so it is 1 - threshold."""
    cap, found = 0.05, {"empirical": [], "risk_controlled": []}
    rng = np.random.default_rng(2026)
    for _ in range(200):
        score = np.concatenate([rng.random(300), 0.6 + 0.4 * rng.random(100)])
        truth = np.arange(400) >= 300
        for policy, rates in found.items():
            threshold, feasible = hold(score, truth, cap, policy)
            assert feasible
            rates.append(1 - min(threshold, 1.0))
    return {policy: np.array(rates) for policy, rates in found.items()}


def test_the_true_rate_rarely_exceeds_the_cap_of_risk_controlled(true_rates):
    assert (true_rates["risk_controlled"] > 0.05).mean() <= 0.08


def test_the_true_rate_often_exceeds_the_cap_of_empirical(true_rates):
    assert (true_rates["empirical"] > 0.05).mean() > 0.3


def test_risk_controlled_is_not_needlessly_strict(true_rates):
    assert np.median(true_rates["risk_controlled"]) > 0.02


# --- several caps -----------------------------------------------------------------------------------------------------

FIVE = layout({"labels": {"kind": "sigmoid", "labels": [f"label_{number}" for number in range(5)]}})
ANY = decision.Rule("thresholds", head="labels")
CAPS = dict.fromkeys(FIVE[0].labels, 0.05)


def breaking(policy, confidence, tunings=200):
    """How often some label's true rate is over its cap, and what was said of it; negatives score uniformly, as above."""
    rng = np.random.default_rng(2027)
    truth = np.tile((np.arange(400) >= 300)[:, None], 5)
    broken, told = [], []
    for _ in range(tunings):
        chances = np.where(truth, 0.6 + 0.4 * rng.random(truth.shape), rng.random(truth.shape))
        settings = Thresholds(policy=policy, confidence=confidence, rows=["calib"], caps=CAPS)
        tuned, said = thresholds.tune(ANY, FIVE, chances, truth, settings)
        broken.append(any(1 - min(threshold, 1.0) > 0.05 for threshold in tuned.values()))
        told.append(said.get("breaks_at_most", said.get("breaks_about")))
    return np.mean(broken), np.mean(told)


def test_five_caps_together_are_broken_no_more_often_than_promised():
    broken, told = breaking("risk_controlled", 0.95)
    assert broken <= told + 0.02
    assert told == pytest.approx(0.05)


def test_five_caps_each_with_the_whole_confidence_were_broken_far_more_often():
    """A fifth of 25 % is the 5 % that each bound had when it was alone."""
    broken, told = breaking("risk_controlled", 0.75)
    assert broken > 0.12
    assert told == pytest.approx(0.25)


def test_what_is_said_of_empirical_caps_is_how_often_they_break():
    broken, told = breaking("empirical", 0.95)
    assert broken > 0.7
    assert told == pytest.approx(broken, abs=0.1)


@pytest.mark.parametrize(("policy", "confidence"), [("empirical", 0.95), ("risk_controlled", 0.975)])
def test_a_capped_class_says_its_cap_and_the_confidence_of_its_bound(policy, confidence):
    chances, gold = mixed(6)
    _, said = thresholds.tune(PRIORITY, BOTH, chances, gold, wanted(policy, scam=0.05, crypto=0.1))
    for name, cap in (("scam", 0.05), ("crypto", 0.1)):
        assert (said["classes"][name]["cap"], said["classes"][name]["confidence"]) == (cap, pytest.approx(confidence))


@pytest.mark.parametrize("policy", ["empirical", "risk_controlled"])
def test_without_caps_nothing_is_promised(policy):
    chances, gold = mixed(7, 200)
    _, said = thresholds.tune(PRIORITY, BOTH, chances, gold, wanted(policy))
    assert set(said) == {"classes"}
    assert all(set(entry) == set(Tuned._fields) for entry in said["classes"].values())


def test_a_class_that_never_fires_breaks_no_cap():
    """No threshold holds the cap: nothing is said to break, where one that holds it barely may."""
    score = np.array([0.9] * 20 + [0.5] * 10 + [0.1] * 80)[:, None] * [1.0, 1.0]
    truth = np.array([False] * 20 + [True] * 10 + [False] * 80)[:, None] & [True, True]
    _, said = thresholds.tune(EACH, TOPIC, score, truth, wanted("empirical", crypto=0.05))
    assert said["classes"]["crypto"]["feasible"] == 0
    assert said["breaks_about"] == 0
    _, said = thresholds.tune(EACH, TOPIC, score, truth, wanted("empirical", crypto=0.2))
    assert said["classes"]["crypto"]["feasible"] == 1
    assert said["breaks_about"] > 0.3


@pytest.mark.parametrize("negatives", [0, 1, 50, 100, 492])
@pytest.mark.parametrize("cap", [0.01, 0.02, 0.07, 0.29])
@pytest.mark.parametrize("policy", ["empirical", "risk_controlled"])
def test_the_false_alarms_allowed_are_the_most_that_hold_the_cap(policy, cap, negatives):
    def risk(false):
        return upper_bound(false, negatives, 0.95) if policy == "risk_controlled" else false / max(negatives, 1)

    most = thresholds.allowed(thresholds.Limit(cap, 0.95), negatives, policy)
    held = [false for false in range(negatives + 1) if risk(false) <= cap]
    assert most == max(held, default=-1)


# --- whole rules ------------------------------------------------------------------------------------------------------


def mixed(seed, rows=500):
    """Chances of both heads and the gold answers of the priority rule."""
    rng = np.random.default_rng(seed)
    scam, crypto = rng.random(rows) < 0.25, rng.random(rows) < 0.35
    chances = np.empty((rows, 4))
    chances[:, 1] = np.where(scam, rng.beta(5, 2, rows), rng.beta(2, 5, rows))
    chances[:, 0] = 1 - chances[:, 1]
    chances[:, 2] = np.where(crypto, rng.beta(6, 2, rows), rng.beta(2, 6, rows))
    chances[:, 3] = rng.random(rows)
    targets = np.column_stack([~scam, scam, crypto, rng.random(rows) < 0.5]).astype(float)
    return chances, decision.gold(PRIORITY, BOTH, targets)


def test_argmax_has_no_thresholds():
    chances, _ = mixed(0)
    gold = np.eye(2, dtype=bool)[np.zeros(500, dtype=int)]
    assert thresholds.tune(LIKELIEST, BOTH, chances, gold, wanted("empirical")) == ({}, {"classes": {}})


def test_thresholds_are_given_for_the_labels_and_not_for_what_remains():
    chances, gold = mixed(1)
    tuned, said = thresholds.tune(PRIORITY, BOTH, chances, gold, wanted("empirical", scam=0.05))
    assert list(tuned) == list(said["classes"]) == ["scam", "crypto"]


@pytest.mark.parametrize("policy", ["empirical", "risk_controlled"])
def test_the_report_is_what_the_thresholds_do(policy):
    chances, gold = mixed(2)
    tuned, said = thresholds.tune(PRIORITY, BOTH, chances, gold, wanted(policy, scam=0.05, crypto=0.1))
    report, confidence = said["classes"], 0.95 if policy == "empirical" else 0.975
    answers = decision.decide(PRIORITY, BOTH, chances, tuned)
    for column, name in enumerate(tuned):
        hits = (answers & gold)[:, column].sum()
        false, negatives = (answers & ~gold)[:, column].sum(), int((~gold)[:, column].sum())
        assert report[name]["threshold"] == tuned[name]
        assert report[name]["recall"] == pytest.approx(hits / gold[:, column].sum())
        assert report[name]["precision"] == pytest.approx(hits / answers[:, column].sum())
        assert report[name]["fpr"] == pytest.approx(false / negatives)
        assert report[name]["negatives"] == negatives
        assert report[name]["fpr_high"] == pytest.approx(upper_bound(int(false), negatives, confidence))
        assert report[name]["fpr" if policy == "empirical" else "fpr_high"] <= {"scam": 0.05, "crypto": 0.1}[name]


def test_a_lower_label_sees_only_what_is_left():
    """Scams that look like crypto would break any cap on crypto, if crypto saw them."""
    rng = np.random.default_rng(3)
    scam, crypto = np.arange(300) < 100, np.arange(300) >= 200
    chances = np.zeros((300, 4))
    chances[:, 1] = np.where(scam, 0.95, 0.05)
    chances[:, 0] = 1 - chances[:, 1]
    chances[:, 2] = np.where(scam, 0.99, np.where(crypto, 0.8, 0.1)) + rng.random(300) / 1000
    gold = decision.gold(PRIORITY, BOTH, np.column_stack([~scam, scam, crypto, crypto]).astype(float))
    caps = wanted("empirical", scam=0.05, crypto=0.01)
    tuned, said = thresholds.tune(PRIORITY, BOTH, chances, gold, caps)
    report = said["classes"]
    assert report["crypto"]["feasible"] == report["crypto"]["recall"] == 1
    assert report["crypto"]["fpr"] <= 0.01
    first_in_line = replace(PRIORITY, order=("crypto", "scam"))
    _, alone = thresholds.tune(first_in_line, BOTH, chances, gold[:, [1, 0, 2]], caps)
    assert (
        alone["classes"]["crypto"]["recall"] == 0
    )  # it sees the scams, and no threshold that lets crypto through holds the cap
    assert tuned["crypto"] < 0.81


def test_without_a_cap_the_macro_f1_of_the_whole_rule_is_near_its_best():
    chances, gold = mixed(4, 200)
    tuned, _ = thresholds.tune(PRIORITY, BOTH, chances, gold, wanted("empirical", scam=0.05))

    def quality(threshold):
        answers = decision.decide(PRIORITY, BOTH, chances, tuned | {"crypto": threshold})
        tp, claimed, there = (answers & gold).sum(axis=0), answers.sum(axis=0), gold.sum(axis=0)
        return (2 * tp / (claimed + there)).mean()

    best = max(quality(one) for one in [*np.unique(chances[:, 2]), 2])
    assert best - 0.01 <= quality(tuned["crypto"]) <= best
    assert quality(0.05) < best - 0.01  # and not every threshold is as near


def test_without_a_cap_each_label_of_a_threshold_rule_is_near_its_best_f1():
    rng = np.random.default_rng(5)
    gold = rng.random((300, 2)) < [0.3, 0.6]
    chances = np.where(gold, rng.beta(4, 2, (300, 2)), rng.beta(2, 3, (300, 2)))
    tuned, _ = thresholds.tune(EACH, TOPIC, chances, gold, wanted("empirical"))
    for column, name in enumerate(("crypto", "money")):

        def quality(threshold, column=column):
            return f1_score(gold[:, column], chances[:, column] >= threshold)

        best = max(quality(one) for one in np.unique(chances[:, column]))
        assert best - 0.01 <= quality(tuned[name]) <= best
        assert quality(0.9) < best - 0.01


def test_a_threshold_without_a_cap_hangs_less_on_its_rows_than_the_single_best_one():
    """Over samples of one source, the median over resamples must vary less than the argmax it replaces."""
    steady, single = [], []
    for seed in range(30):
        chances, gold = mixed(seed, 150)
        tuned, _ = thresholds.tune(PRIORITY, BOTH, chances, gold, wanted("empirical", scam=0.05))
        steady.append(tuned["crypto"])
        options = thresholds.candidates(chances[:, 2], 100)
        answers = [decision.decide(PRIORITY, BOTH, chances, tuned | {"crypto": float(one)}) for one in options]
        single.append(
            max(zip(options, answers, strict=True), key=lambda one: f1_score(gold, one[1], average="macro"))[0]
        )
    assert np.std(steady) < np.std(single)


def test_rows_that_are_all_taken_leave_no_candidate_but_no_crash():
    """Every row fires the first label, so that nothing is left to tune the second one on."""
    chances = np.tile([0.1, 0.9, 0.5, 0.5], (40, 1))
    gold = decision.gold(PRIORITY, BOTH, np.tile([0.0, 1.0, 1.0, 0.0], (40, 1)))
    tuned, said = thresholds.tune(PRIORITY, BOTH, chances, gold, wanted("empirical", scam=0.5))
    assert said["classes"]["scam"]["recall"] == 1
    assert set(tuned) == {"scam", "crypto"}


@pytest.mark.parametrize(
    ("rule", "label"),
    [
        pytest.param(
            {"rule": "priority", "order": ["scam", "crypto"], "otherwise": "clean"}, "clean", id="what remains"
        ),
        pytest.param({"rule": "argmax", "head": "scam"}, "scam", id="argmax"),
    ],
)
def test_a_cap_that_no_threshold_could_hold_is_refused(workspace, rule, label):
    """What remains under a priority rule, and answers of argmax, have no threshold: a cap on them would do nothing."""
    file = workspace / "params.yaml"
    tree = YAML(typ="safe", pure=True).load(file.read_text(encoding="utf-8"))

    def write(caps):
        tree["demo"] |= {"decision": rule, "thresholds": {"caps": caps}}
        with file.open("w", encoding="utf-8") as stream:
            YAML().dump(tree, stream)

    write({})
    assert read("demo").decision.rule == rule["rule"]  # the rule itself is fine
    write({label: 0.05})
    with pytest.raises(ParamsError, match=f"caps: '{label}' has no threshold"):
        read("demo")
