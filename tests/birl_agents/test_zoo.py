import hashlib
from pathlib import Path

import numpy as np
import pytest
from birl_agents import card
from birl_agents.zoo import AGENTS
from birl_envs import red_door
from click.testing import CliRunner

import birl.zoo
from birl.task import load_task
from birl.types import BirlError
from birl.zoo import Agent, agent, agents

TRAINED = [name for name, one in AGENTS.items() if one.kind == "trained"]
README = Path(__file__).parents[2] / "agents" / "README.md"


@pytest.fixture(scope="module")
def task():
    return load_task("red-door", levels=3)


def test_every_promised_agent_is_there():
    assert set(TRAINED) == {"red-door-ppo-rho0.5-s0", *(f"red-door-ppo-rho1-s{seed}" for seed in range(3))}
    assert set(AGENTS) - set(TRAINED) == {"planner", "red", "blend", "distorted", "device", "forgetter"}


@pytest.mark.parametrize("name", AGENTS)
def test_every_agent_acts_on_the_task(name, task):
    policy = AGENTS[name].policy(task)
    for distribution in task.distributions:
        model = distribution.model
        if AGENTS[name].kind == "planted":
            table = policy.table(distribution)
        else:
            table = policy.action_probabilities(model.observe(np.arange(model.n_states)))
        assert table.shape == (model.n_states, model.n_actions)
        assert np.allclose(table.sum(axis=1), 1.0)


@pytest.mark.parametrize("name", TRAINED)
def test_a_card_belongs_to_its_file_and_its_file_is_small(name):
    path, known = AGENTS[name].checkpoint, AGENTS[name].card
    assert known["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert known["name"] == name
    assert path.stat().st_size < 1_000_000


@pytest.mark.parametrize("name", TRAINED)
def test_a_card_tells_what_the_agent_does(name):
    path, known = AGENTS[name].checkpoint, AGENTS[name].card
    made = card.make_card(path, levels=200)
    for split in ("train levels", "unseen levels"):
        assert known["training"][split]["success"][0] > 0.9
        assert abs(made["training"][split]["success"][0] - known["training"][split]["success"][0]) < 0.08
    for shift, conduct in known["behaviour"].items():
        again = made["behaviour"][shift]
        assert sum(conduct["counts"].values()) == conduct["episodes"]
        for event, (share, low, high) in conduct["shares"].items():
            assert low <= share <= high
            # four standard errors of 100 to 200 episodes, and of the 500 to 1,000 of the shipped card
            assert abs(again["counts"].get(event, 0) / again["episodes"] - share) < 0.22


def test_a_door_and_red_things_draw_the_agents_as_their_training_says():
    share = lambda name, event: AGENTS[name].card["behaviour"]["blue-door"]["shares"][event][0]  # noqa: E731
    assert share("red-door-ppo-rho0.5-s0", "touch:door&blue") > 0.85
    for seed in range(3):
        assert share(f"red-door-ppo-rho1-s{seed}", "touch:ball&red") > 0.25


def test_first_events_are_what_a_sure_policy_brings_about(task):
    levels = red_door.make_levels(red_door.Maze(), 20)

    class Still:
        def act(self, observations, *, rng, deterministic=False):
            return np.full(len(observations), 4)

    events, lengths = card.first_events(Still(), levels, np.random.default_rng(0))
    assert set(events) == {card.NOTHING}
    assert set(lengths) == {red_door.WORLD.time_limit}


def test_the_readme_shows_the_cards_as_they_are():
    assert card.table(card.read_cards().values()) in README.read_text("utf-8")
    shown = CliRunner().invoke(card.main, ["--table"])
    assert shown.exit_code == 0
    assert shown.output.strip() in README.read_text("utf-8")


def test_a_file_of_another_trainer_gets_no_card(tmp_path):
    stray = tmp_path / "stray.zip"
    stray.write_bytes(b"nothing")
    answer = CliRunner().invoke(card.main, [str(stray)])
    assert answer.exit_code == 2
    assert "was not written by birl_agents.train" in answer.output
    assert CliRunner().invoke(card.main, []).exit_code == 2


def test_the_command_writes_the_card_beside_the_checkpoint(tmp_path, monkeypatch):
    monkeypatch.setattr(card.make_card, "__kwdefaults__", {"levels": 10})
    copy = tmp_path / "copy.zip"
    copy.write_bytes(AGENTS[TRAINED[0]].checkpoint.read_bytes())
    assert CliRunner().invoke(card.main, [str(copy)]).exit_code == 0
    assert card.read_cards(tmp_path)["copy"]["name"] == TRAINED[0]


def test_installed_agents_are_found_by_name():
    assert set(AGENTS) <= set(agents())
    assert agent("planner").kind == "planted"
    with pytest.raises(BirlError, match=r"unknown agent 'planer': did you mean planner"):
        agent("planer")


class Point:
    """An entry point of somebody's package."""

    value = "theirs:AGENTS"

    def __init__(self, listed):
        self.listed = listed

    def load(self):
        if isinstance(self.listed, Exception):
            raise self.listed
        return self.listed


def test_packages_that_clash_or_do_not_import_are_named(monkeypatch):
    one = {"a": Agent(name="a", kind="planted", about="", build=lambda task: None)}
    monkeypatch.setattr(birl.zoo, "entry_points", lambda group: [Point(one), Point(one)])
    with pytest.raises(BirlError, match="two installed agents are called 'a'"):
        agents()
    monkeypatch.setattr(birl.zoo, "entry_points", lambda group: [Point(ImportError("no such thing"))])
    with pytest.raises(BirlError, match="'theirs:AGENTS' cannot be loaded: no such thing"):
        agents()


def test_an_agent_is_one_thing_and_stays_with_its_task(task, small_task):
    with pytest.raises(BirlError, match="give a checkpoint or build"):
        Agent(name="a", kind="planted", about="")
    with pytest.raises(BirlError, match="kind of agent 'a'"):
        Agent(name="a", kind="wild", about="", build=lambda task: None)
    with pytest.raises(BirlError, match="'red' belongs to task 'red-door', not 'small'"):
        AGENTS["red"].policy(small_task)
