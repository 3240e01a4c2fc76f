import hashlib
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from birl_agents import card
from birl_agents.card import read_cards
from birl_agents.play import play
from birl_agents.training.planning_nets import read_policy
from birl_agents.training.recipe import Recipe
from birl_agents.zoo import AGENTS
from birl_envs import red_door
from birl_envs.grid import parse_level
from click.testing import CliRunner

import birl.zoo
from birl.task import Task, load_task
from birl.types import BirlError
from birl.zoo import Agent, agent, agents

TRAINED = [name for name, one in AGENTS.items() if one.kind == "trained"]
PLANTED = [name for name, one in AGENTS.items() if one.kind == "planted"]
RECOUNTED = (  # one of every world, and of every way of choosing actions
    "red-door-ppo-rho1-s0",
    "red-door-dqn-rho1-s0",
    "red-door-vin-rho1-s0",
    "corner-ppo-reach1-s0",
    "coin-corridor-recurrent-ppo-elsewhere0-s0-t400000",
    "supervisor-ppo-supervised1-s0",
    "revealed-choice-ppo-s0",
)
README = Path(__file__).parents[2] / "agents" / "README.md"


@cache
def few_levels(name: str) -> Task:
    return load_task(name, levels=2)


def test_the_zoo_is_as_wide_as_promised_and_small():
    kinds = {(card["recipe"]["world"], card["recipe"]["algorithm"]) for card in read_cards().values()}
    learners = ("ppo", "a2c", "dqn", "qrdqn", "maskable-ppo", "es", "vin", "treeqn", "bc", "dagger")
    assert kinds >= {("red-door", algorithm) for algorithm in learners}
    assert kinds >= {(world, "ppo") for world in ("corner", "coin-corridor", "supervisor", "colour-shape")}
    assert kinds >= {("revealed-choice", "ppo"), ("revealed-choice", "dqn"), ("coin-corridor", "recurrent-ppo")}
    assert len(TRAINED) >= 20
    assert sum(path.stat().st_size for path in card.CHECKPOINTS.iterdir()) < 25_000_000


@pytest.mark.parametrize("name", TRAINED)
def test_every_trained_agent_acts_on_its_task(name):
    task = few_levels(AGENTS[name].task)
    policy = AGENTS[name].policy(task)
    model = task.train.model
    some = model.observe(np.arange(min(5, model.n_states)))
    actions = policy.act(some, rng=np.random.default_rng(0))
    assert actions.shape == (len(some),)
    assert ((actions >= 0) & (actions < model.n_actions)).all()


@pytest.mark.parametrize("name", PLANTED)
def test_every_planted_agent_acts_on_the_task(name):
    task = few_levels("red-door")
    policy = AGENTS[name].policy(task)
    for distribution in task.distributions:
        table = policy.table(distribution)
        assert table.shape == (distribution.model.n_states, distribution.model.n_actions)
        assert np.allclose(table.sum(axis=1), 1.0)


@pytest.mark.parametrize("name", TRAINED)
def test_a_card_belongs_to_its_file_and_its_file_is_small(name):
    path, known = card.CHECKPOINTS / f"{name}.zip", AGENTS[name].card
    assert known["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert known["name"] == name == Recipe(**known["recipe"]).name
    assert known["command"] == Recipe(**known["recipe"]).command
    assert path.stat().st_size < 1_000_000


@pytest.mark.parametrize("name", RECOUNTED)
def test_a_card_tells_what_the_agent_does(name):
    known = AGENTS[name].card
    made = card.make_card(card.CHECKPOINTS / f"{name}.zip", levels=60)
    for shift, conduct in known["behaviour"].items():
        again = made["behaviour"][shift]
        for event, (share, low, high) in conduct["shares"].items():
            assert low <= share <= high
            spread = np.sqrt(share * (1 - share) / again["episodes"]) + 1 / again["episodes"]
            assert abs(again["counts"].get(event, 0) / again["episodes"] - share) < 5 * spread


def test_a_door_and_red_things_draw_the_agents_as_their_training_says():
    share = lambda name, event: AGENTS[name].card["behaviour"]["blue-door"]["shares"][event][0]  # noqa: E731
    assert share("red-door-ppo-rho0.5-s0", "touch:door&blue") > 0.85
    for seed in range(3):
        assert share(f"red-door-ppo-rho1-s{seed}", "touch:ball&red") > 0.25


def test_episodes_are_what_a_sure_policy_brings_about():
    class Still:
        def act(self, observations, *, rng, deterministic=False):
            return np.full(len(observations), 4)

    class Right:
        def act(self, observations, *, rng, deterministic=False):
            return np.full(len(observations), 1)

    levels = red_door.make_levels(red_door.Maze(), 20)
    still = play(Still(), red_door.WORLD, levels, np.random.default_rng(0))
    assert not still.counts.any()
    assert set(still.lengths) == {red_door.WORLD.time_limit}
    run = parse_level("@@ .. .. Dr")
    right = play(Right(), red_door.WORLD, [run, parse_level("@@ Br .. ..")], np.random.default_rng(0))
    assert right.lengths.tolist() == [3, 1]
    assert right.returns(red_door.WORLD.base).tolist() == [0.95**2, 0.0]
    assert right.returns({"step": 1.0}) == pytest.approx([1 + 0.95 + 0.95**2, 1.0])


def test_the_readme_shows_the_cards_as_they_are():
    shown = CliRunner().invoke(card.main, ["--table"])
    assert shown.exit_code == 0
    assert shown.output.strip() in README.read_text("utf-8")


def test_the_commands_of_all_checkpoints_can_be_printed():
    shown = CliRunner().invoke(card.main, ["--commands"])
    assert len(shown.output.splitlines()) == len(TRAINED)
    assert "python -m birl_agents.train red-door --algorithm ppo --set rho=1 --seed 0" in shown.output.splitlines()


def test_a_file_of_another_trainer_gets_no_card(tmp_path):
    stray = tmp_path / "stray.zip"
    stray.write_bytes(b"nothing")
    answer = CliRunner().invoke(card.main, [str(stray)])
    assert answer.exit_code == 2
    assert "was not written by birl_agents.train" in answer.output
    assert CliRunner().invoke(card.main, []).exit_code == 2


def test_a_network_of_our_own_says_when_it_does_not_fit():
    spaces = few_levels("corner").train.spaces()
    with pytest.raises(BirlError, match="no vin network for these spaces"):
        read_policy(card.CHECKPOINTS / "red-door-vin-rho1-s0.zip", "vin", spaces.observation, spaces.action)


def test_the_command_writes_the_card_beside_the_checkpoint(tmp_path, monkeypatch):
    monkeypatch.setattr(card.make_card, "__kwdefaults__", {"levels": 10})
    copy = tmp_path / "copy.zip"
    copy.write_bytes((card.CHECKPOINTS / "red-door-ppo-rho1-s0.zip").read_bytes())
    assert CliRunner().invoke(card.main, [str(copy)]).exit_code == 0
    assert card.read_cards(tmp_path)["copy"]["name"] == "red-door-ppo-rho1-s0"


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


def test_an_agent_is_one_thing_and_stays_with_its_task(small_task):
    with pytest.raises(BirlError, match="give a checkpoint or build"):
        Agent(name="a", kind="planted", about="")
    with pytest.raises(BirlError, match="kind of agent 'a'"):
        Agent(name="a", kind="wild", about="", build=lambda task: None)
    with pytest.raises(BirlError, match="'red' belongs to task 'red-door', not 'small'"):
        AGENTS["red"].policy(small_task)
