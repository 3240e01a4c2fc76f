"""The zoo: trained checkpoints and planted agents, each with what is known about its objective."""

__all__: list[str] = []  # what it offers is in its modules: `zoo.AGENTS`, `planted`
