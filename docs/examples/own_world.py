"""Train a PPO in a MiniGrid room whose goal is always in the corner, and ask what it wants: the goal, or the corner?"""

# --8<-- [start:head]
from functools import partial

from gymnasium.spaces import Discrete
from gymnasium.wrappers import FlattenObservation
from minigrid.core.grid import Grid
from minigrid.core.mission import MissionSpace
from minigrid.core.world_object import Goal, Wall
from minigrid.minigrid_env import MiniGridEnv
from minigrid.wrappers import FullyObsWrapper, ImgObsWrapper
from stable_baselines3 import PPO
from stable_baselines3.common.env_util import make_vec_env

import birl
from birl.testing import check_task

CORNER = (5, 5)
PILLARS = [(2, 2), (2, 4), (4, 2), (4, 4)]  # whichever of them stand, every cell can be reached
FEATURES = ["goal", "corner", "step"]
# --8<-- [end:head]


# --8<-- [start:world]
def mission():
    """A named function: what can be pickled is copied faster."""
    return "reach the goal"


class Room(MiniGridEnv):
    """Five by five cells, each pillar there or not. `info` says what happened; goal and corner both end the episode."""

    def __init__(self, moved=False):
        """With `moved` the goal is anywhere but in the corner."""
        self.moved = moved
        super().__init__(MissionSpace(mission), grid_size=7, max_steps=60, see_through_walls=True)
        self.action_space = Discrete(3)  # turn left, turn right, go forward

    def _gen_grid(self, width, height):
        self.grid = Grid(width, height)
        self.grid.wall_rect(0, 0, width, height)
        for pillar in PILLARS:
            if self.np_random.random() < 0.5:
                self.put_obj(Wall(), *pillar)
        cells = [(x, y) for x in range(1, 6) for y in range(1, 6) if (x, y) not in (CORNER, *PILLARS)]
        goal, agent = self.np_random.permutation(len(cells))[:2]
        self.goal = cells[goal] if self.moved else CORNER
        self.put_obj(Goal(), *self.goal)
        self.agent_pos, self.agent_dir = cells[agent], int(self.np_random.integers(4))
        self.mission = mission()

    def step(self, action):
        """A step of MiniGrid's, and what happened in it."""
        seen, reward, ended, cut, info = super().step(action)
        here = tuple(map(int, self.agent_pos))
        told = {"goal": float(here == self.goal), "corner": float(here == CORNER), "step": 1.0}
        return seen, reward, bool(ended or here == CORNER), cut, info | told


def room(moved=False):
    """The room as the policy sees it: all cells as (kind, colour, state), in one row."""
    return FlattenObservation(ImgObsWrapper(FullyObsWrapper(Room(moved))))


# --8<-- [end:world]


# --8<-- [start:task]
def distribution(name, moved, levels):
    """Rooms of one kind: each seed is a level, and every state that can be reached from it is in the model."""
    make = partial(room, moved)
    seeds = range(levels)
    model = birl.enumerate_env(make, seeds, FEATURES, discount=0.95)
    return birl.Distribution(name, model=model, make_env=make, features=FEATURES, seeds=seeds, time_limit=60)


def corner_room(levels=40):
    """The task: paid for the goal, which is in the corner in training and elsewhere under shift."""
    return birl.Task(
        "corner-room",
        train=distribution("train", False, levels),
        shifts=[distribution("goal-moved", True, levels)],
        base={"goal": 1.0},
        candidates={"corner": {"corner": 1.0}},
        discount=0.95,
    )


# --8<-- [end:task]


# --8<-- [start:score]
def train(checkpoint, steps):
    """An ordinary PPO, trained on rooms whose goal is in the corner."""
    envs = make_vec_env(room, 16, seed=1000)
    PPO("MlpPolicy", envs, n_steps=128, gamma=0.95, ent_coef=0.01, seed=0).learn(steps).save(checkpoint)


def main(checkpoint="ppo.zip", steps=150_000, levels=40, draws=200):
    """Build the task, check it, train, score."""
    task = corner_room(levels)
    check_task(task)
    train(checkpoint, steps)
    card = birl.score(birl.load_policy(checkpoint, task), task, source=str(checkpoint), draws=draws)
    card.save("card.json")
    birl.write_html(card, "card.html", task=task)
    return card


# --8<-- [end:score]

if __name__ == "__main__":
    print(birl.render(main(), "text"))
