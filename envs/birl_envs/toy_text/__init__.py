"""Gymnasium's toy-text environments as tasks, exact through their `P`."""

from birl_envs.toy_text.cliff import task as cliff_walking
from birl_envs.toy_text.lake import task as frozen_lake
from birl_envs.toy_text.tables import Table, TableEnv, registered, slip
from birl_envs.toy_text.taxi_rank import task as taxi

__all__ = ["Table", "TableEnv", "cliff_walking", "frozen_lake", "registered", "slip", "taxi"]
