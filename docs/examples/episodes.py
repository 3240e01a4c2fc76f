"""Score from episodes: rolled out for the purpose, or already logged."""

# --8<-- [start:rolled]
import numpy as np

import birl
from birl.trajectories import Trajectory


def rolled_out(levels=40, episodes=120, draws=200):
    """Look at nothing but so many episodes on each distribution."""
    task = birl.load_task("red-door", levels=levels)
    policy = birl.zoo.agent("red-door-ppo-rho1-s0").policy(task)
    return birl.score(policy, task, episodes=episodes, draws=draws)


# --8<-- [end:rolled]


# --8<-- [start:logged]
def logged(levels=40, episodes=120, draws=200):
    """Nobody to ask: only observations and actions, by the name of their distribution."""
    task = birl.load_task("red-door", levels=levels)
    return birl.score(log(task, episodes), task, draws=draws)


def log(task, episodes):
    """Stands for your own files: anything that makes `Trajectory` records will do."""
    policy = birl.zoo.agent("red-door-ppo-rho1-s0").policy(task)
    seen = {
        name: birl.observe(policy, task.distribution(name), episodes=episodes, rng=np.random.default_rng(0))
        for name in ("train", "blue-door")
    }
    return {
        name: [Trajectory(observations=t.observations, actions=t.actions, terminal=t.terminal) for t in b.trajectories]
        for name, b in seen.items()
    }


# --8<-- [end:logged]

if __name__ == "__main__":
    print(rolled_out())
    print(logged())
