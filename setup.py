"""The packages of the wheel: every folder below the top-level ones that holds an `__init__.py`, found and not listed.

The rest of the configuration is in pyproject.toml. setuptools' own finders cannot map several top-level folders into
one package, so the folders are searched here.
"""

import warnings
from pathlib import Path

from setuptools import find_packages, setup

FOLDERS = ("rewards", "data", "eval", "training", "recipes")
PACKAGE_DIR = {"abstain": "abstain"} | {f"abstain.{folder}": folder for folder in FOLDERS}
PACKAGES = [
    name
    for package, folder in PACKAGE_DIR.items()
    if Path(folder, "__init__.py").is_file()
    for name in (package, *(f"{package}.{below}" for below in find_packages(folder)))
]

# setuptools warns on every editable install that a folder of the package's name may be imported in its place.
warnings.filterwarnings("ignore", message="Editable installation")

setup(packages=PACKAGES, package_dir=PACKAGE_DIR)
