"""What pyproject.toml cannot say: tools/ is installed as onenet_tools, and the board's files go with it as data."""

import shutil
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from setuptools import find_namespace_packages, setup
from setuptools.command.build_py import build_py

BOARD = ["lib", "firmware", "examples", "typings/program", "boot.py", "main.py", "config.json.example"]


class WithBoard(build_py):
    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return  # then they are found where they are: see tools/files.py
        for source in Path("tools", "locale").glob("*/LC_MESSAGES/*.po"):
            made = Path(self.build_lib, "onenet_tools", source.relative_to("tools")).with_suffix(".mo")
            made.parent.mkdir(parents=True, exist_ok=True)
            with source.open("rb") as texts, made.open("wb") as file:
                write_mo(file, read_po(texts))
        target = Path(self.build_lib, "onenet_tools", "_board")
        target.mkdir(exist_ok=True)
        for name in BOARD:
            if Path(name).is_dir():
                ignored = shutil.ignore_patterns("__pycache__", ".*")
                shutil.copytree(name, target / name, ignore=ignored, dirs_exist_ok=True)
            else:
                shutil.copy(name, target)


setup(
    cmdclass={"build_py": WithBoard},
    packages=[
        "onenet_tools",
        *(f"onenet_tools.{name}" for name in find_namespace_packages("tools", ["*__pycache__*"])),
    ],
    package_dir={"onenet_tools": "tools"},
    package_data={"onenet_tools": ["**/*.html", "**/*.css", "**/*.js", "console/libraries/**/*.txt", "demo/*.json"]},
    include_package_data=False,
)
