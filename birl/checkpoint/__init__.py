"""Checkpoints in, policies out; nothing in a file is executed unless its source is trusted."""

from birl.checkpoint.load import load_policy

__all__ = ["load_policy"]
