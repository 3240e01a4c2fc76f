"""Score a policy in a world that has no model: a walk between two fruits, one step a random stride."""

# --8<-- [start:world]
from functools import partial

import gymnasium
import numpy as np

import birl
from birl.testing import check_task

EVENTS = ["apple&red", "pear&green", "apple&green", "pear&red"]


class Orchard(gymnasium.Env):
    """An apple hangs on one side and a pear on the other. In training the apple is red; under shift the pear is."""

    observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (3,), np.float32)
    action_space = gymnasium.spaces.Discrete(2)

    def __init__(self, apple_is_red=True):
        """Say which of the two is red."""
        self.apple_is_red = apple_is_red

    def reset(self, *, seed=None, options=None):
        """Begin near the middle."""
        super().reset(seed=seed)
        self.at, self.apple = float(self.np_random.uniform(-0.3, 0.3)), float(self.np_random.choice([-1, 1]))
        return self.look(), {}

    def step(self, action):
        """Walk a quarter, give or take; whoever reaches a fruit is done."""
        self.at += (0.25 if action else -0.25) + float(self.np_random.normal(0, 0.02))
        fruit = "apple" if self.at * self.apple > 0 else "pear"
        colour = "red" if (fruit == "apple") == self.apple_is_red else "green"
        info = {name: float(abs(self.at) >= 1 and name == f"{fruit}&{colour}") for name in EVENTS}
        return self.look(), info["apple&red"] + info["apple&green"], abs(self.at) >= 1, False, info

    def look(self):
        """Where one is, where the apple hangs, where red hangs."""
        return np.array([self.at, self.apple, self.apple if self.apple_is_red else -self.apple], np.float32)


def distribution(name, apple_is_red):
    """No `model`: episodes are played, and states are returned to, in the environment itself."""
    make = partial(Orchard, apple_is_red=apple_is_red)
    return birl.Distribution(name, make_env=make, features=EVENTS, seeds=range(30), time_limit=12)


TASK = birl.Task(
    "apples",
    train=distribution("train", True),
    shifts=[distribution("red-pear", False)],
    base={"apple&red": 1.0, "apple&green": 1.0},
    candidates={"red": {"apple&red": 1.0, "pear&red": 1.0}},
    discount=0.9,
)
# --8<-- [end:world]


# --8<-- [start:score]
class Walker:
    """Walks towards what one entry of the observation names: 1 the apple, 2 the red fruit."""

    def __init__(self, wants, firmly=2.0):
        """Log-odds of the right step are `firmly`."""
        self.wants, self.firmly = wants, firmly

    def action_probabilities(self, observations):
        """[B, 2]: left, right."""
        right = 1 / (1 + np.exp(-self.firmly * np.asarray(observations, float)[:, self.wants]))
        return np.stack([1 - right, right], axis=1)


def main(episodes=50, draws=200):
    """Score a walker for red things; the pool says what can be earned here."""
    check_task(TASK)
    pool = [Walker(1, firmly=4.0), Walker(2, firmly=4.0)]
    return birl.score(Walker(2), TASK, pool=pool, episodes=episodes, draws=draws)


# --8<-- [end:score]

if __name__ == "__main__":
    print(main())
