"""How the shipped checkpoints were made; `birl_agents.train` is the command."""

from birl_agents.training.recipe import Recipe

__all__ = ["Recipe"]
