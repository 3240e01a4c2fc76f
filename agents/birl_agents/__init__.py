"""The zoo: trained checkpoints and planted agents, each with what is known about its objective."""
