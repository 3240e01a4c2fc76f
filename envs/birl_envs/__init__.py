"""Worlds that argue a thesis about what trained agents want; importing this registers them with Gymnasium."""

from gymnasium.envs.registration import register, registry

__all__ = ["ENV_IDS"]

ENV_IDS = {
    "birl_envs/RedDoor-v0": "birl_envs.red_door:RedDoor",
    "birl_envs/Corner-v0": "birl_envs.corner:Corner",
    "birl_envs/CoinCorridor-v0": "birl_envs.coin_corridor:CoinCorridor",
    "birl_envs/ColourShape-v0": "birl_envs.colour_shape:ColourShape",
    "birl_envs/KeysChests-v0": "birl_envs.keys_chests:KeysChests",
    "birl_envs/Vacuum-v0": "birl_envs.vacuum:Vacuum",
    "birl_envs/Supervisor-v0": "birl_envs.supervisor:Supervisor",
    "birl_envs/TwoExit-v0": "birl_envs.two_exit:TwoExit",
    "birl_envs/RevealedChoice-v0": "birl_envs.revealed_choice:RevealedChoice",
    "birl_envs/Fork-v0": "birl_envs.fork:Fork",
    "birl_envs/PointGoal-v0": "birl_envs.point_goal:PointGoal",
}
"""Gymnasium id -> where its class lives; nothing is imported before `gymnasium.make` asks for it."""

for _id, _entry_point in ENV_IDS.items():
    if _id not in registry:  # a module reload registers twice, which Gymnasium warns about
        register(id=_id, entry_point=_entry_point)
