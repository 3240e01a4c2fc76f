"""Worlds that argue a thesis about what trained agents want; importing this registers them with Gymnasium."""

from gymnasium.envs.registration import register, registry

__all__ = ["ENV_IDS"]

ENV_IDS = {"birl_envs/RedDoor-v0": "birl_envs.red_door:RedDoor"}
"""Gymnasium id -> where its class lives; nothing is imported before `gymnasium.make` asks for it."""

for _id, _entry_point in ENV_IDS.items():
    if _id not in registry:  # a module reload registers twice, which Gymnasium warns about
        register(id=_id, entry_point=_entry_point)
