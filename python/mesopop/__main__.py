"""``python -m mesopop``: the command line."""

import sys

from mesopop.cli import main

if __name__ == "__main__":
    sys.exit(main())
