"""`python -m tenure`, where the command `tenure` is not installed: in the image."""

from tenure.cli import main

if __name__ == "__main__":
    main()
