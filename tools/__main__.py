"""`python -m onenet_tools`."""

import sys

from .cli import main

sys.exit(main())
