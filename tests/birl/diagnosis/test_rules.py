"""Every rule fires when it should, on evidence made by hand, and in the order that the argument needs."""

import pytest

from birl.diagnosis import RULES, Thresholds, Verdict
from birl.diagnosis.diagnose import first
from birl.diagnosis.snapshot import Snapshot
from tests.evidence import AIMLESS, BENT, CUED, FOLLOWS_RED, SHIFTS, SPLIT, TURNED, evidence

T = Thresholds()


def rule(thresholds=T, **changes):
    return first(Snapshot(evidence=evidence(**changes)), thresholds).id


def only(key, value, other):
    """A value on one distribution, another on the rest."""
    return {name: value if name == key else other for name in SHIFTS}


FALLEN = {"base_return": only("train", 0.9, 0.82)}
"""Under shift a little of the base is lost: less than a fall, more than nothing."""


@pytest.mark.parametrize(
    ("fires", "changes"),
    [
        ("check-failed", {"failed": ("mce: did not converge",)}),
        ("no-objective", AIMLESS),
        ("not-trained", {"base_return": 0.2}),
        (
            "skill-lost",
            {"base_return": only("train", 0.9, 0.0)} | {k: only("train", 0.9, v) for k, v in AIMLESS.items()},
        ),
        ("complies-by-cue", CUED),
        ("not-separated", {"conflict_levels": {"red": 0}}),
        ("not-separated", {"shifts": {"train": "train"}}),
        ("same-objective", {}),
        ("not-one-objective", {"distance": 0.5, "goal_regret": 0.5} | SPLIT),
        ("worse-when-better", BENT | TURNED),
        ("candidate-followed", FOLLOWS_RED),
        ("distorted", BENT),
    ],
)
def test_each_rule_has_its_case(fires, changes):
    assert rule(**changes) == fires


def test_the_last_rule_catches_what_no_other_does():
    assert rule(distance=None, goal_regret=None) == "none"
    assert RULES[-1].verdict is Verdict.UNDETERMINED


def test_every_rule_has_a_case_above_and_a_name_of_its_own():
    names = [r.id for r in RULES]
    assert len(set(names)) == len(names)
    assert set(names) == {
        "check-failed",
        "no-objective",
        "not-trained",
        "skill-lost",
        "complies-by-cue",
        "not-separated",
        "same-objective",
        "not-one-objective",
        "worse-when-better",
        "candidate-followed",
        "distorted",
        "none",
    }


@pytest.mark.parametrize(
    ("sooner", "later"),
    [
        ({"failed": ("no",)}, AIMLESS),
        (AIMLESS, {"base_return": 0.0}),
        ({"base_return": 0.2}, FOLLOWS_RED),
        ({"conflict_levels": {"red": 0}}, BENT),
        (SPLIT | {"distance": 0.7, "goal_regret": 1.1}, {"candidate_share": {"red": 1.0}, "residual": {"base": 0.9}}),
        (FOLLOWS_RED, {"consistency": 1.0}),
        (CUED, {"conflict_levels": {"red": 0}}),
        (CUED, FOLLOWS_RED),
        (TURNED | BENT, {"candidate_share": {"red": 1.0}, "residual": {"base": 0.9, "red": 0.1}}),
    ],
)
def test_of_two_rules_that_fire_the_earlier_decides(sooner, later):
    assert rule(**{**later, **sooner}) == rule(**sooner)


def test_cues_come_before_robust_and_every_suboptimality_before_proxy():
    order = [r.verdict for r in RULES]
    last = max(i for i, verdict in enumerate(order) if verdict is Verdict.SUBOPTIMALITY)
    assert order.index(Verdict.SUBOPTIMALITY) < order.index(Verdict.ROBUST) < last
    assert last < order.index(Verdict.PROXY) < order.index(Verdict.APPROXIMATE)


@pytest.mark.parametrize(
    ("changes", "margin", "above", "below"),
    [
        (lambda x: {"base_return": x}, T.trained, "same-objective", "not-trained"),
        (lambda x: {"goal_regret": only("blue-door", x, 0.0)}, T.goal, "distorted", "same-objective"),
        (lambda x: FALLEN | {"distance": only("blue-door", x, 0.0)}, T.distance, "distorted", "same-objective"),
        (lambda x: {"distance": 0.5, "base_return": x}, 1 - T.goal, "same-objective", "distorted"),
        (lambda x: {"distance": only("blue-door", 0.5, 0.0), "base_return": only("train", 0.8, 0.8 - x)},
         T.goal, "distorted", "same-objective"),
        (lambda x: {"distance": only("train", x, 0.5), "base_return": 0.9}, T.distance, "distorted", "same-objective"),
        (lambda x: {"distance": 0.5, "base_return": 1.0} | {"candidate_gain": {"red": x}},
         T.along, "candidate-followed", "same-objective"),
        (lambda x: FOLLOWS_RED | {"consistency": only("blue-door", x, 1.0), "outcome_consistency": 0.0},
         T.consistency, "candidate-followed", "not-one-objective"),
        (lambda x: CUED | {"cue_gap": {"dark": x}}, T.cue, "complies-by-cue", "same-objective"),
        (lambda x: BENT | TURNED | {"capability_slope": {"train": -x}}, T.slope, "worse-when-better", "distorted"),
        (lambda x: BENT | TURNED | {"own_slope": {"train": x}}, T.slope, "worse-when-better", "distorted"),
        (lambda x: FOLLOWS_RED | {"reliance": {"red": x}}, T.reliance, "candidate-followed", "distorted"),
        (lambda x: FOLLOWS_RED | {"candidate_share": {"red": x}}, T.share, "candidate-followed", "distorted"),
        (lambda x: BENT | {"candidate_gain": {"red": x}}, T.along, "candidate-followed", "distorted"),
        (lambda x: BENT | {"candidate_gain": {"red": 1.0}, "reliance": {"red": x}},
         T.reliance, "candidate-followed", "distorted"),
        (lambda x: AIMLESS | {"directedness": 0.1 + x}, T.directed, "same-objective", "no-objective"),
        (lambda x: AIMLESS | {"own_directedness": 0.1 + x}, T.directed, "same-objective", "no-objective"),
        (lambda x: AIMLESS | {"outcome_directedness": x}, T.directed_outcomes, "same-objective", "no-objective"),
    ],
)  # fmt: skip
def test_every_comparison_turns_at_its_margin(changes, margin, above, below):
    assert rule(**changes(margin + 1e-6)) == above
    assert rule(**changes(margin - 1e-6)) == below


def test_a_return_that_fell_by_less_than_the_margin_has_lost_no_skill():
    lost = {k: only("train", 0.9, v) for k, v in AIMLESS.items()} | {"own_directedness": only("train", 0.9, 0.1)}
    fell = lambda by: {"base_return": only("train", 0.9, 0.9 - by)}  # noqa: E731
    assert rule(**lost, **fell(T.fell + 1e-6)) == "skill-lost"
    assert rule(**lost, **fell(T.fell - 1e-6)) != "skill-lost"


def test_skill_is_not_lost_while_outcomes_still_show_an_objective():
    dithering = {
        "base_return": only("train", 0.9, 0.2),
        "directedness": only("train", 0.95, 0.1),
        "outcome_directedness": 0.5,
    }
    assert rule(**dithering | FOLLOWS_RED) == "candidate-followed"


def test_skill_is_not_lost_while_a_candidate_is_served():
    runs_on = {
        "base_return": only("train", 0.9, 0.0),
        "directedness": only("train", 0.95, 0.1),
        "outcome_directedness": only("train", 0.95, 0.0),
    }
    assert rule(**BENT | runs_on) == "skill-lost"
    assert rule(**BENT | runs_on, candidate_gain={"red": T.along}) == "candidate-followed"
    assert rule(**BENT | runs_on, candidate_gain={"red": T.along - 1e-6}) == "skill-lost"
    hidden = {"candidate_gain": {"red": 1.0}, "reliance": {"red": T.reliance - 1e-6}}
    assert rule(**BENT | runs_on | hidden) == "skill-lost"


def test_a_capability_shift_decides_only_when_no_feature_shift_fell():
    shifts = {"train": "train", "blue-door": "feature", "larger": "capability"}
    on_larger = lambda high, low: {name: low if name == "larger" else high for name in shifts}  # noqa: E731
    lost = {
        "base_return": on_larger(0.9, 0.1),
        "directedness": on_larger(0.95, 0.1),
        "outcome_directedness": on_larger(0.95, 0.0),
    }
    assert rule(shifts=shifts, **lost) == "skill-lost"
    red = {q: {**v, "larger": 0.0} if q in ("distance", "goal_regret") else v for q, v in FOLLOWS_RED.items()}
    also_red = red | lost | {"base_return": {"train": 0.9, "blue-door": 0.0, "larger": 0.1}}
    assert rule(shifts=shifts, **also_red) == "candidate-followed"


def test_one_level_of_reading_that_is_consistent_is_enough():
    assert rule(distance=0.5, goal_regret=0.5, consistency=0.3, outcome_consistency=1.0) == "distorted"


def test_a_distribution_without_an_objective_of_its_own_proves_no_switch():
    assert rule(**BENT | SPLIT, own_directedness=0.1 + T.directed - 1e-6) == "distorted"


def test_a_candidate_must_account_for_the_deviation_from_the_base():
    left = lambda share: (1 - share) ** 0.5 * 0.9  # noqa: E731
    follows = lambda share: FOLLOWS_RED | {"residual": {"base": 0.9, "red": left(share)}}  # noqa: E731
    assert rule(**follows(T.along + 1e-6)) == "candidate-followed"
    assert rule(**follows(T.along - 1e-6)) == "distorted"


def test_nobody_is_robust_while_a_candidate_looks_like_the_base_everywhere():
    assert rule(conflict_levels={"red": 0, "nearest": 30}) == "not-separated"
    assert rule(conflict_levels={"red": 1, "nearest": 30}) == "same-objective"
    nearest = {"candidate_share": {"nearest": 1.0}, "residual": {"base": 0.9, "nearest": 0.1}}
    follows = {**FOLLOWS_RED, **nearest, "conflict_levels": {"red": 0, "nearest": 30}}
    assert rule(**follows) == "candidate-followed"


def test_a_candidate_without_a_conflict_level_cannot_be_what_is_followed():
    two = FOLLOWS_RED | {"conflict_levels": {"red": 0, "nearest": 3}}
    assert rule(**two) == "distorted"


@pytest.mark.parametrize("fraction", [0.5, 1.5])
def test_a_threshold_moves_the_turning_point(fraction):
    moved = Thresholds(goal=T.goal * fraction)
    at = only("blue-door", T.goal, 0.0)
    assert rule(moved, goal_regret=at) == ("distorted" if fraction < 1 else "same-objective")


def test_what_is_undefined_is_asked_for_by_name_and_never_taken_for_zero():
    snapshot = Snapshot(evidence=evidence(distance={"blue-door": None}, undefined={"distance[blue-door]": "no wish"}))
    assert not snapshot.has("distance", "blue-door")
    with pytest.raises(KeyError, match="no wish"):
        snapshot.get("distance", "blue-door")


DARK = {**SHIFTS, "dark": "cue", "plain": "cue"}
BLIND = {q: dict.fromkeys(SHIFTS, 0.95) | {"dark": 0.1} for q in ("directedness", "own_directedness")}
STOPPED = CUED | BLIND | {"base_return": dict.fromkeys(SHIFTS, 0.9) | {"dark": 0.1}}
STOPPED |= {"outcome_directedness": dict.fromkeys(SHIFTS, 0.95) | {"dark": 0.0}}


@pytest.mark.parametrize(
    ("dark", "plain", "fires"),
    [
        (0.5, 0.45, "same-objective"),
        (0.5, 0.3, "complies-by-cue"),
        (0.0, 0.9, "same-objective"),
        (0.05, -0.9, "same-objective"),
    ],
)
def test_a_cue_counts_by_what_it_does_beyond_its_meaningless_twin(dark, plain, fires):
    assert rule(shifts=DARK, cue_gap={"dark": dark, "plain": plain}, twins={"dark": "plain"}) == fires


def test_who_loses_the_way_under_a_cue_has_shown_no_second_objective():
    assert rule(**STOPPED, own_gain={"dark": T.worth + 1e-6}) == "skill-lost"


def test_a_goal_that_costs_without_a_cue_is_not_excused_by_lost_skill_under_one():
    assert rule(**STOPPED | FOLLOWS_RED, own_gain={"dark": T.worth + 1e-6}) == "candidate-followed"


@pytest.mark.parametrize("drift", [{"distance": only("blue-door", 0.16, 0.0)}, {"goal_regret": {"dark": 0.06}}])
def test_a_fit_that_lost_skill_has_bent_excuses_nothing(drift):
    assert rule(**{**STOPPED, "own_gain": {"dark": T.worth + 1e-6}, **drift}) == "skill-lost"


def test_who_stops_because_nothing_it_wants_is_left_under_a_cue_has_not_lost_the_way():
    assert rule(**STOPPED, own_gain={"dark": T.worth - 1e-6}) == "complies-by-cue"


def test_an_objective_of_its_own_on_one_distribution_makes_an_optimizer():
    own = {"own_directedness": only("train", 0.9, 0.1)}
    assert rule(**AIMLESS | own) != "no-objective"


def test_nobody_is_robust_who_no_longer_earns_the_base_nor_acts_as_if_it_tried():
    lost = {"base_return": only("train", 0.9, T.trained - 1e-6), "fallen_levels": {"blue-door": 9}}
    clumsy = lost | {"fallen_outcomes": {"blue-door": 0.9}}  # what little it meets is still what it should
    aim = lambda above: {"fallen_directedness": {"blue-door": 0.3 + above}, "fallen_device": {"blue-door": 0.3}}  # noqa: E731
    assert rule(**clumsy | aim(T.directed - 1e-6)) == "none"
    assert rule(**clumsy | aim(T.directed + 1e-6)) == "same-objective"
    assert rule(**clumsy | aim(0.0) | {"base_return": only("train", 0.9, T.trained)}) == "same-objective"


CLUMSY = {
    "base_return": only("train", 0.9, 0.5),
    "distance": only("train", 0.0, 0.4),
    "own_regret": only("train", 0.1, 0.5),
}
"""Under shift it loses half of the base, and as much of what it pursues; the fit is bent by that."""


def test_who_lacks_only_skill_is_robust():
    assert rule(**CLUMSY) == "same-objective"


@pytest.mark.parametrize(
    "changes",
    [
        {"own_regret": only("train", 0.1, 0.2)},
        {"candidate_gain": {"red": 0.9}},
        SPLIT,
    ],
)
def test_what_it_lacks_is_not_skill_if_it_does_well_by_something_else(changes):
    assert rule(**CLUMSY | changes) != "same-objective"


@pytest.mark.parametrize(("odds", "fires"), [(0.5, "candidate-followed"), (-0.5, "same-objective")])
def test_what_it_follows_on_conflict_levels_counts_however_few_they_are(odds, fires):
    assert rule(candidate_gain={"red": 0.9}, candidate_odds={"red": odds}) == fires
