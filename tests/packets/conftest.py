"""The way to the strategies and the independent codec of tests/property, and its examples, the same every time."""

import sys
from pathlib import Path

from hypothesis import settings

sys.path.append(str(Path(__file__).parent.parent / "property"))

settings.register_profile("packets", derandomize=True, database=None, deadline=None, print_blob=False)
settings.load_profile("packets")
