"""`python -m modelry` is the `modelry` command."""

from modelry.cli import main

if __name__ == "__main__":
    main()
