"""Code fingerprint of a stage: the hash of the code that can change its result.

Snakemake does not see edits in imported modules. The fingerprint is a param of every rule, so an edit of a method
reruns that stage and what follows, and nothing else. Syntax trees without docstrings are hashed, so comments,
formatting and documentation rerun nothing; imports are followed through the source text, so nothing is listed by hand.
"""

import ast
import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

PACKAGE = "wsss_core"
ROOT = Path(__file__).resolve().parents[2]
EXCLUDED = tuple(
    f"{PACKAGE}.{name}"
    for name in (
        *("settings", "registry", "networks.names"),  # their outcome is itself a param: settings and module names
        *("stages.command", "stages.errors", "stages.measure", "stages.provenance"),  # only talk
        *("progress", "training.tensorboard"),
    )
)
"""Modules and packages whose code cannot change a result other than through the params."""
NO_DATA = (".py", ".pyi", ".so", ".pyd")
"""Endings of files that are hashed as code, cannot change a result, or are compiled from files that are hashed."""


@cache
def code_fingerprint(roots: tuple[str, ...]) -> str:
    """Twelve hex digits over all package modules that the modules or script files `roots` lead to.

    Raises `FileNotFoundError` when a root is neither a module of the package nor a file of the project.
    """
    digest = hashlib.sha256()
    names = sorted(reachable(roots))
    for name in names:
        digest.update(f"{name}\n{_normalised(_source_file(name))}\n".encode())
    for path in data_files(names):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def data_files(names: Iterable[str]) -> list[Path]:
    """Files other than Python beside the modules of the package's rooms: templates of the report, C++."""
    rooms = {_source_file(name).parent for name in names} - {ROOT / PACKAGE}
    inside = [room for room in sorted(rooms) if room.is_relative_to(ROOT / PACKAGE)]
    found = {path for room in inside for path in room.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    return sorted(path for path in found if path.suffix not in NO_DATA)


def reachable(roots: Iterable[str]) -> set[str]:
    """Names of the package's modules (and script files) reachable by imports, the roots included."""
    found: set[str] = set()
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        if name in found or _is_excluded(name):
            continue
        found.add(name)
        waiting.extend(_imports(_source_file(name)))
        waiting.extend(_packages(name))
    return found


def _is_excluded(name: str) -> bool:
    return any(name == excluded or name.startswith(f"{excluded}.") for excluded in EXCLUDED)


def _packages(name: str) -> list[str]:
    """The packages around a module, whose `__init__` files run when it is imported; none for a script file."""
    steps = [] if name.endswith(".py") else name.split(".")
    return [".".join(steps[:end]) for end in range(1, len(steps))]


def _source_file(name: str) -> Path:
    path = ROOT / name if name.endswith(".py") else _module_file(name) or ROOT / f"{name.replace('.', '/')}.py"
    if not path.is_file():
        raise FileNotFoundError(f"code fingerprint: {name} has no source file {path}")
    return path


def _module_file(name: str) -> Path | None:
    base = ROOT / name.replace(".", "/")
    for candidate in (base.with_suffix(".py"), base / "__init__.py"):
        if candidate.is_file():
            return candidate
    return None


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


@cache
def _imports(path: Path) -> tuple[str, ...]:
    names: set[str] = set()
    for node in _running_code(_tree(path)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return tuple(sorted(name for name in names if name.split(".")[0] == PACKAGE and _module_file(name)))


def _running_code(tree: ast.AST) -> Iterator[ast.AST]:
    """All nodes but those below `if TYPE_CHECKING:`, which never run."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            waiting.extend(node.orelse)
        else:
            waiting.extend(ast.iter_child_nodes(node))


@cache
def _normalised(path: Path) -> str:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = [item for item in node.body if not _is_text(item)] or [ast.Pass()]
    return ast.dump(tree)


def _is_text(node: ast.stmt) -> bool:
    """A docstring, or the documentation string below a constant or a field."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
