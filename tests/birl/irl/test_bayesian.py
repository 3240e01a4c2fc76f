"""The posterior is the one that brute force finds, its draws are judged, and what is not known stays as the prior."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from birl.irl import BOUNDED, UNIDENTIFIED, Bayesian
from birl.irl.base import HELD, RewardEstimate
from birl.irl.bayes_evidence import EVIDENCE
from birl.irl.bayes_posterior import LogPosterior
from birl.irl.bayes_prior import WeightPrior
from birl.irl.common import neutral_constants
from birl.tabular import soft_plan
from birl.testing import check_estimator
from birl.types import BirlError
from tests.behaviors import behave, boltzmann_agent, relative_error, slope, soft_agent
from tests.worlds import corridor, random_model, two_ends

QUICK = Bayesian(draws=100, warm_up=40)
TRAIN = two_ends(("touch:door", "touch:red"), ("touch:ball",))


def checks(estimate):
    return {check.name: check for check in estimate.checks}


# --- known answers ----------------------------------------------------------------------------------------------------


def brute_force(model, behavior, weights, episodes, scale):
    """Log posterior at weights [G, F] by plain value iteration, up to a constant."""
    transitions = model.transitions.toarray().reshape(model.n_states, model.n_actions, model.n_states)
    reward = (weights @ model.features.toarray().T).reshape(-1, model.n_states, model.n_actions)
    values = np.zeros((len(weights), model.n_states))
    for _ in range(180):  # .9 ** 180 is 6e-9
        q = reward + model.discount * np.einsum("sat,gt->gsa", transitions, values)
        values = np.where(model.terminal, 0.0, np.log(np.exp(q).mean(axis=2)))
    log_policy = q - values[:, :, None]
    chosen = behavior.occupancy[:, None] * behavior.policy
    return episodes * (log_policy * np.where(model.terminal[:, None], 0.0, chosen)).sum(axis=(1, 2)) - (
        0.5 * (weights**2).sum(axis=1) / scale**2
    )


@pytest.mark.parametrize(("episodes", "scale"), [(20.0, 3.0), (1.0, 2.0)])
def test_three_states_give_the_posterior_of_a_brute_force_grid(rng, episodes, scale):
    model = random_model(rng, n_states=3, n_features=2)
    behavior = soft_agent(model, np.array([1.0, -0.5]))
    estimate = Bayesian(episodes=episodes, scale=scale).fit([behavior])
    reach = 6 * np.sqrt(np.diag(estimate.covariance))
    axes = [np.linspace(m - r, m + r, 61) for m, r in zip(estimate.vector, reach, strict=True)]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2)
    log = brute_force(model, behavior, grid, episodes, scale)
    weight = np.exp(log - log.max())
    weight /= weight.sum()
    mean = weight @ grid
    deviation = np.sqrt(weight @ (grid - mean) ** 2)
    assert np.allclose(estimate.vector, mean, atol=0.08)
    assert np.allclose(np.sqrt(np.diag(estimate.covariance)), deviation, rtol=0.1)
    assert all(check.passed for name, check in checks(estimate).items() if name in ("R-hat", "effective draws"))


def counted(model, weights, decisions, rng):
    """Decisions of a soft-optimal agent, so many in every state, as one episode's counts."""
    policy = soft_plan(model, model.features @ weights).policy
    chosen = np.stack([rng.multinomial(decisions, row) for row in policy]) / decisions
    visits = np.where(model.terminal, 0.0, float(decisions))
    return replace(behave(model, chosen), occupancy=visits, policy_known=False)


def test_simulation_based_calibration_of_four_states(rng):
    # Talts et al. 2018 (arXiv 1804.06788): the rank of the truth among posterior draws is uniform if the posterior is
    # right. 48 worlds of 2 weights in 4 bins of 24: chi-squared with 3 degrees of freedom lies in [.07, 12.8] with 99 %
    method = Bayesian(episodes=1.0, scale=1.0, chains=4, draws=8, warm_up=25)
    ranks = []
    for _ in range(48):
        model = random_model(rng, n_states=4, n_actions=2, n_features=2, terminal=False, discount=0.8)
        truth = rng.normal(size=2)
        draws = method.fit([counted(model, truth, 6, rng)], rng=rng).draws
        ranks.append((draws < truth).sum(axis=0))
    bins = np.histogram(np.ravel(ranks), bins=4, range=(0, 33))[0]
    chi_squared = ((bins - 24) ** 2 / 24).sum()
    assert 0.07 < chi_squared < 12.8, bins


@pytest.mark.parametrize("prior", ["gaussian", "laplace"])
@pytest.mark.parametrize("likelihood", EVIDENCE)
def test_the_gradient_of_the_log_posterior_is_its_slope(rng, likelihood, prior):
    model = random_model(rng, n_levels=2)
    evidence = EVIDENCE[likelihood]([soft_agent(model, np.ones(4))], episodes=7.0)
    size = 4 + len(evidence.nuisance)
    posterior = LogPosterior(
        evidence=evidence, prior=WeightPrior(kind=prior, scale=2.0, n_weights=4), free=np.arange(size) != 1
    )
    density = posterior.around(posterior.mode(np.full(size, 0.5)))
    at = 0.5 + 0.1 * rng.normal(size=size - 1)
    step = 0.05 if likelihood == "mce" else 1e-4  # values are right to 1e-5 or so; Q* has kinks
    numeric = slope(lambda free: density(free[None])[0][0], at, step=step)
    assert relative_error(density(at[None])[1][0], numeric) < 1e-3


@pytest.mark.parametrize(("prior", "deviation"), [("gaussian", 3.0), ("laplace", 3.0 * np.sqrt(2))])
def test_without_evidence_the_posterior_is_the_prior(rng, prior, deviation):
    method = Bayesian(episodes=0.0, prior=prior, scale=3.0, draws=1500, warm_up=80)
    estimate = method.fit([soft_agent(random_model(rng, n_states=3), np.ones(4))])
    # at least 1,300 effective draws: a standard deviation is known to 3 % even of the longer-tailed Laplace prior
    assert np.allclose(estimate.vector, 0.0, atol=0.1 * deviation)
    assert np.allclose(np.sqrt(np.diag(estimate.covariance)), deviation, rtol=0.1)
    assert set(estimate.status.values()) == {UNIDENTIFIED}
    assert estimate.identifiability.nullity == 4
    assert estimate.intervals == {}


def test_four_times_the_episodes_make_it_half_as_wide(rng):
    agent = soft_agent(random_model(rng), np.ones(4))
    widths = [
        np.sqrt(np.diag(replace(QUICK, episodes=n, scale=100.0, draws=500).fit([agent]).covariance))
        for n in (200.0, 800.0)
    ]
    assert np.allclose(widths[0] / widths[1], 2.0, rtol=0.1)


def test_planted_weights_lie_within_their_intervals(rng):
    truth = np.array([1.0, -1.0, 0.5, 0.0])
    estimate = replace(QUICK, episodes=50.0).fit([soft_agent(random_model(rng, n_levels=2), truth)])
    for interval, weight in zip(estimate.intervals.values(), truth, strict=True):
        assert interval.low < weight < interval.high
    assert estimate.behavioral_model.startswith("soft-optimal")
    assert estimate.draws.shape == (400, 4)


def test_boltzmann_agents_have_a_posterior_too(rng):
    truth = np.array([1.0, -1.0, 0.5])
    model = random_model(rng, n_features=3, n_levels=3)
    method = Bayesian(likelihood="boltzmann", episodes=100.0, draws=100, warm_up=80)
    estimate = method.fit([boltzmann_agent(model, truth, 0.1)])
    deviations = np.sqrt(np.diag(estimate.covariance))
    assert (np.abs(estimate.vector - truth) < 3 * deviations).all()
    assert estimate.nuisance["eps"] == pytest.approx(0.1, abs=0.1)
    assert estimate.behavioral_model.startswith("Boltzmann")
    assert np.allclose(method.predict(estimate, model).sum(axis=1), 1.0)


# --- what behaviour cannot say ----------------------------------------------------------------------------------------


def test_what_training_cannot_tell_apart_is_as_wide_as_the_prior_and_named():
    estimate = replace(QUICK, draws=400, scale=4.0).fit([soft_agent(TRAIN, {"touch:door": 3.0})])
    door, red = (estimate.feature_names.index(f"touch:{kind}") for kind in ("door", "red"))
    spread = estimate.draws[:, door] - estimate.draws[:, red]
    assert spread.std() == pytest.approx(4.0 * np.sqrt(2), rel=0.1)
    assert estimate.status["touch:door"] == estimate.status["touch:red"] == UNIDENTIFIED
    directions = [set(null) for null in estimate.identifiability.null_directions]
    assert any({"touch:door", "touch:red"} <= null for null in directions)
    assert "gaussian prior of scale 4" in estimate.identifiability.selector


def test_an_avoided_event_is_open_below():
    model = two_ends(("touch:door",), ("touch:ball",))
    estimate = QUICK.fit([soft_agent(model, {"touch:door": 8.0})])
    assert estimate.status["touch:ball"] == BOUNDED
    interval = estimate.intervals["touch:ball"]
    ball = estimate.draws[:, estimate.feature_names.index("touch:ball")]
    assert [interval.low, interval.high] == pytest.approx(list(np.quantile(ball, [0.025, 0.975])))


def test_a_step_that_shaping_makes_redundant_is_held_at_0():
    estimate = QUICK.fit([soft_agent(corridor(), {"goal": 2.0})])
    assert neutral_constants([soft_agent(corridor(), {"goal": 2.0})]).any()
    assert estimate.status["step"] == HELD
    assert (estimate.draws[:, estimate.feature_names.index("step")] == 0).all()


# --- checks and settings ----------------------------------------------------------------------------------------------


def test_too_short_a_run_fails_and_says_what_to_do(rng):
    found = checks(Bayesian(draws=6, warm_up=2).fit([soft_agent(random_model(rng), np.ones(4))]))
    assert not found["R-hat"].passed
    assert "raise draws and warm_up" in found["R-hat"].message
    assert found["R-hat"].value > found["R-hat"].limit == 1.01
    assert not found["effective draws"].passed
    assert "raise draws" in found["effective draws"].message
    assert found["effective draws"].limit == 400


def test_how_much_a_known_policy_counts_for_is_stated(rng):
    agent = soft_agent(random_model(rng), np.ones(4))
    estimate = replace(QUICK, episodes=30.0).fit([agent])
    assert estimate.settings["episodes"] == "30.0"
    assert checks(estimate)["evidence"].value == 30
    assert "set `episodes`" in checks(estimate)["evidence"].message


def test_counted_behaviour_counts_for_the_episodes_it_was_counted_from(rng):
    model = random_model(rng)
    shown = replace(
        counted(model, np.ones(4), 3, rng),
        trajectories=soft_agent(model, np.ones(4), rng=rng, episodes=12).trajectories,
    )
    message = checks(QUICK.fit([shown]))["evidence"].message
    assert message == "behaviour counts for this many episodes: train 12"


@pytest.mark.parametrize("likelihood", EVIDENCE)
def test_the_number_of_processes_changes_nothing_in_the_estimate(rng, likelihood, tmp_path):
    agent = soft_agent(random_model(rng, n_levels=2), np.ones(4))
    for jobs in (1, 2):
        method = Bayesian(likelihood=likelihood, draws=10, warm_up=5, prior="laplace", jobs=jobs)
        method.fit([agent]).save(tmp_path / f"{jobs}.npz")
    one, two = (RewardEstimate.load(tmp_path / f"{jobs}.npz") for jobs in (1, 2))
    assert np.array_equal(one.draws, two.draws)
    assert (one.weights, one.settings, one.provenance) == (two.weights, two.settings, two.provenance)


def test_the_contract_is_kept():
    check_estimator(Bayesian(draws=25, warm_up=10))


def test_an_estimate_reads_back_with_its_draws(rng, tmp_path):
    estimate = QUICK.fit([soft_agent(random_model(rng), np.ones(4))])
    estimate.save(tmp_path / "posterior.npz")
    again = RewardEstimate.load(tmp_path / "posterior.npz")
    assert np.array_equal(again.draws, estimate.draws)
    assert again.intervals == estimate.intervals


def test_drawing_every_level_once_returns_the_posterior_mean(rng):
    model = random_model(rng, n_levels=3)
    estimate = QUICK.fit([behave(model, rng.dirichlet(np.ones(3), size=model.n_states))])
    assert np.allclose(estimate.redraw({"train": np.ones((2, 3))}), estimate.simplest)


def test_starting_the_search_elsewhere_ends_in_the_same_posterior(rng):
    agent = soft_agent(random_model(rng), np.ones(4))
    one, other = QUICK.fit([agent]), QUICK.fit([agent], start=3 * np.ones(4))
    assert np.allclose(one.vector, other.vector, atol=0.01)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"likelihood": "mse"}, "unknown likelihood 'mse': did you mean mce"),
        ({"episodes": -1.0}, "cannot count for -1.0 episodes"),
        ({"chains": 1}, "1 chains of 1000 draws after 200 cannot be judged"),
        ({"draws": 3}, "give 2 chains of 4 draws at least"),
        ({"jobs": 0}, "chains cannot be shared among 0 processes"),
        ({"prior": "flat"}, "unknown prior 'flat': use gaussian or laplace"),
        ({"scale": 0.0}, "a prior of scale 0.0 allows nothing"),
    ],
)
def test_settings_that_mean_nothing_are_refused(settings, message):
    with pytest.raises(BirlError, match=message):
        Bayesian(**settings)
