"""Run the command line as `python -m asyncgen`."""

import sys

from asyncgen.cli.main import main

sys.exit(main())
