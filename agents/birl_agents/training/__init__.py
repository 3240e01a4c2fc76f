"""How the shipped checkpoints were made; `birl_agents.train` is the command."""
