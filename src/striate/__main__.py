"""`python -m striate` is `striate`."""

import sys

from striate.cli import main

if __name__ == "__main__":
    sys.exit(main())
