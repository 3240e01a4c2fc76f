"""One figure per file; importing any of them loads seaborn."""

__all__: list[str] = []
