"""Compiles the loops that are written in C++; everything else about the package is in pyproject.toml."""

import hashlib
from pathlib import Path

from setuptools import Extension, setup


def extension(room: str, name: str, options: list[str]) -> Extension:
    """The module `name` of a room of the package, from the C++ files of that room, whose digest is compiled in."""
    folder = Path("wsss_core", room)
    files = sorted([*folder.glob("*.cpp"), *folder.glob("*.h")])
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
    return Extension(
        f"wsss_core.{room}.{name}",
        [str(folder / f"{name}.cpp")],
        # The stable ABI: one compiled file for every Python from 3.11 on, that of a conda environment too.
        py_limited_api=True,
        define_macros=[("Py_LIMITED_API", "0x030b0000"), ("SOURCE", f'"{digest}"')],
        # Nothing looks at errno, which would keep roundings from being one instruction.
        extra_compile_args=["-std=c++17", "-O3", "-fno-math-errno", "-pthread", *options],
        extra_link_args=["-pthread"],
    )


setup(
    ext_modules=[
        # Products and sums stay apart (no contraction), so that results are the same on every processor.
        extension("dense_crf", "_mean_field", ["-ffp-contract=off"]),
        # Products and sums in one instruction where there is one, as in the BLAS: it is twice as fast.
        extension("segments", "_spherical_kmeans", ["-ffp-contract=fast"]),
    ],
    # Always compiled: by the times of the files alone, one left from another branch could pass for up to date.
    options={"build_ext": {"force": True}, "bdist_wheel": {"py_limited_api": "cp311"}},
)
