"""`python -m onenet_tools.board`."""

import sys

from .cli import main

sys.exit(main())
