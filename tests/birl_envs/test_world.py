from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from birl_envs.exact import tabular_model
from birl_envs.grid import parse_level
from birl_envs.red_door import WORLD
from birl_envs.world import additive

from birl.types import BirlError


def test_rewards_follow_the_event_and_nothing_happening_earns_the_step_weight():
    world = replace(WORLD, base={"touch:door&red": 1.0, "step": -0.25})
    assert world.rewards[world.events.index("touch:door&red")] == 0.75
    assert world.rewards[-1] == -0.25
    assert len(world.rewards) == len(world.events) + 1


def test_a_base_objective_of_unknown_events_is_refused():
    with pytest.raises(BirlError, match="did you mean touch:door&red"):
        replace(WORLD, base={"touch:dor&red": 1.0})


def test_the_additive_view_counts_kind_and_colour_apart():
    model = tabular_model(WORLD, [parse_level("@@ Dr")])
    view = additive(WORLD)
    assert view.names == (
        *("touch:door", "touch:ball", "touch:key", "touch:red", "touch:blue", "touch:green"),
        "step",
    )
    seen = model.with_features(view.names, view.mixing)
    right = int(np.flatnonzero(model.start)[0]) * model.n_actions + WORLD.actions.index("right")
    there = dict(zip(view.names, seen.features[[right]].toarray()[0], strict=True))
    assert {name for name, value in there.items() if value} == {"touch:door", "touch:red", "step"}
