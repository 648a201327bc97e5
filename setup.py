"""Compiles the mean-field inference of the dense CRF; everything else about the package is in pyproject.toml."""

import hashlib
from pathlib import Path

from setuptools import Extension, setup

FOLDER = Path("wsss_core/dense_crf")
FILES = sorted([*FOLDER.glob("*.cpp"), *FOLDER.glob("*.h")])
DIGEST = hashlib.sha256(b"".join(file.read_bytes() for file in FILES)).hexdigest()

setup(
    ext_modules=[
        Extension(
            "wsss_core.dense_crf._mean_field",
            [str(FOLDER / "_mean_field.cpp")],
            # The stable ABI: one compiled file for every Python from 3.11 on, that of a conda environment too.
            py_limited_api=True,
            define_macros=[("Py_LIMITED_API", "0x030b0000"), ("SOURCE", f'"{DIGEST}"')],
            # Nothing looks at errno, which would keep roundings from being one instruction. Products and sums stay
            # apart (no contraction), so that results are the same on every processor.
            extra_compile_args=["-std=c++17", "-O3", "-fno-math-errno", "-ffp-contract=off"],
        )
    ],
    # Always compiled: by the times of the files alone, one left from another branch could pass for up to date.
    options={"build_ext": {"force": True}, "bdist_wheel": {"py_limited_api": "cp311"}},
)
