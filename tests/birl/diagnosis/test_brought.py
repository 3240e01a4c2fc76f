"""What a policy brings about: in excess of the random walk, and from episodes only as far as luck does not."""

import numpy as np

from birl.behavior import observe
from birl.diagnosis.brought import BROUGHT_ABOUT, brought_about
from birl.episodes import RolledOut
from birl.policy import TabularPolicy
from tests.orchard import FRUIT, gardener, orchard

TASK = orchard()
WALK = TabularPolicy({d.name: d.model.uniform for d in TASK.distributions})


def about(policy, see):
    seen = see(policy, TASK.train)
    assert not isinstance(seen.outcomes, str)
    return brought_about(seen, seen.outcomes)


def test_who_wants_something_brings_it_about_whether_read_off_or_counted():
    policy = gardener(TASK, FRUIT)
    assert about(policy, observe) > 0.5
    assert about(policy, RolledOut(episodes=24)) > 0.3


def test_the_random_walk_brings_nothing_about_and_few_episodes_of_it_hardly_ever_seem_to():
    """The plain excess of counted shares is above the margin in all of these; events meet by luck."""
    assert about(WALK, observe) == 0.0
    counted = [about(WALK, RolledOut(episodes=24, seed=seed)) for seed in range(20)]
    plain = []
    for seed in range(20):
        seen = RolledOut(episodes=24, seed=seed)(WALK, TASK.train)
        beyond = seen.model.level_starts @ (seen.outcomes.share - seen.outcomes.walk)[:, :-1]
        plain.append(np.maximum(beyond, 0.0).sum())
    assert np.mean(np.array(plain) > BROUGHT_ABOUT) > 0.5
    assert np.mean(np.array(counted) > BROUGHT_ABOUT) <= 0.15
