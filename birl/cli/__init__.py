"""The command line. Until a command runs, only the standard library and click are loaded."""

from birl.cli.app import main

__all__ = ["main"]
