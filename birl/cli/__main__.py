"""`python -m birl.cli` is `birl`."""

from birl.cli.app import main

__all__: list[str] = []

if __name__ == "__main__":
    main(prog_name="birl")
