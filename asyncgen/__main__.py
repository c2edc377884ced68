"""`python -m asyncgen`."""

import sys

from asyncgen.cli import main

sys.exit(main())
