"""`python -m birl` is `birl`."""

from birl.cli import main

__all__: list[str] = []

if __name__ == "__main__":
    main(prog_name="birl")
