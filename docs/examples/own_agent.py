"""A policy that is no Stable-Baselines3 checkpoint: anything that says how probable its actions are."""

# --8<-- [start:policy]
import numpy as np
from no_model import TASK, Walker

import birl
from birl.zoo import Agent


class Apples:
    """Steps towards the apple eight times in ten."""

    def action_probabilities(self, observations):
        """What `birl` asks of a policy: a batch of observations in, [B, A] out."""
        return np.where(np.asarray(observations)[:, 1:2] > 0, [0.2, 0.8], [0.8, 0.2])


AGENTS = {
    "apples": Agent(
        name="apples",
        kind="planted",  # its objective is known; of a "trained" one only behaviour is
        about="wants apples, at eight to two",
        task="apples",
        build=lambda task: birl.as_policy(Apples(), n_actions=2),
    )
}


def main(episodes=50, draws=200):
    """Score it as any other."""
    pool = [Walker(1, firmly=4.0)]
    return birl.score(AGENTS["apples"].policy(TASK), TASK, pool=pool, episodes=episodes, draws=draws, source="apples")


# --8<-- [end:policy]


if __name__ == "__main__":
    print(main())
