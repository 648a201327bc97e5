"""Are the packages there that the project asks for, in versions that it takes, and is its own C++ code compiled?"""

import importlib
import importlib.metadata
import platform
from collections.abc import Callable, Iterable

from packaging.requirements import Requirement

from wsss_core.commands.checks.finding import Finding, ok

DISTRIBUTION = "wsss"
COMPILED = ("wsss_core.dense_crf.mean_field", "wsss_core.segments.spherical_kmeans")
_NAMED = ("torch", "torchvision", "snakemake", "numpy")
_REMEDY = "install the package anew in this environment, `pip install -e .`, or use the one that `make env` makes"

VersionOf = Callable[[str], str]


def check_packages(
    requirements: Iterable[str] | None = None, version_of: VersionOf = importlib.metadata.version
) -> list[Finding]:
    """Findings about the required packages: `requirements` (default: those of this package, without extras)."""
    wanted = importlib.metadata.requires(DISTRIBUTION) if requirements is None else list(requirements)
    needed = [Requirement(text) for text in wanted or ()]
    needed = [item for item in needed if item.marker is None or item.marker.evaluate({"extra": ""})]
    versions = {item.name: _version(item.name, version_of) for item in needed}
    faults = [finding for item in needed if (finding := _fault(item, versions[item.name]))]
    named = ", ".join(f"{name} {versions[name]}" for name in _NAMED if versions.get(name))
    summary = ok(f"python {platform.python_version()}, {len(needed) - len(faults)} of {len(needed)} packages: {named}")
    return [summary, *faults]


def check_compiled(load: Callable[[str], object] = importlib.import_module) -> list[Finding]:
    """A fault for each compiled part of the package that is missing or older than its source, otherwise nothing."""
    faults = []
    for module in COMPILED:
        try:
            load(module)
        except ImportError as error:
            faults.append(Finding("fault", str(error)))
    return faults


def _version(name: str, version_of: VersionOf) -> str | None:
    try:
        return version_of(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _fault(item: Requirement, version: str | None) -> Finding | None:
    if version is None:
        return Finding("fault", f"package {item.name} is not installed, expected {item.name}{item.specifier}", _REMEDY)
    if not item.specifier.contains(version, prereleases=True):
        return Finding("warning", f"package {item.name}: expected {item.specifier}, found {version}", _REMEDY)
    return None
