"""python -m onenet_tools.misfortunes [--chip CHIP] [NAME …]"""

import argparse
import sys
from pathlib import Path

from ..board.chips import CHIPS
from ..board.errors import BoardError
from ..board.small_heap import ready_for
from ..console.console import ConsoleError
from ..console.database import StoreError
from ..failures import complain
from .misfortunes import MISFORTUNES
from .run import JOBS, run_misfortunes


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="make misfortunes",
        description="What boards meet in the field, on virtual boards at a local OneNET: a table of how they fare.",
    )
    names = [one.name for one in MISFORTUNES]
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which ones: {', '.join(names)} (default: all)")
    parser.add_argument("--chip", choices=list(CHIPS), default="esp32")
    parser.add_argument("--jobs", type=int, default=JOBS, help="how many at a time (default: %(default)s)")
    parser.add_argument("--log", type=Path, default=Path("build", "misfortunes.log"), help="what failed boards said")
    options = parser.parse_args()
    names = [one.name for one in MISFORTUNES if options.chip.startswith(one.chips)]
    for name in options.names:
        if name not in names:
            parser.error(f"there is no misfortune {name} of {options.chip}; choose from {', '.join(names)}")
    options.log.parent.mkdir(parents=True, exist_ok=True)
    try:
        ready_for(CHIPS[options.chip])
        with options.log.open("w") as file:
            failed = run_misfortunes(
                options.chip, options.names, options.jobs, lambda text: print(text, file=file, flush=True)
            )
        if failed:
            print(f"What the others said is in {options.log}.")
        return failed
    except (BoardError, ConsoleError, StoreError) as error:
        complain(str(error))
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
