"""A fingerprint of the code behind a class: results of other code are other results.

The commit is no measure of that: it changes with every other part of the suite, and not with what
is uncommitted. So the syntax trees of the class's module and of every nsca module that it imports,
directly or not, are hashed; comments, docstrings and layout do not count. Unsure: what is imported
by a name made at run time is not seen.
"""

import ast
import functools
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from nsca.source_signature import module_file

# draws and prints: cannot change a figure
LEFT_OUT = ("nsca.reporting",)


def code_fingerprint(modules: Iterable[str]) -> str:
    """sha256 of the code of these modules and of all nsca modules that they import.

    Args:
        modules: dotted names; those outside nsca do not count.
    """
    waiting, seen = list(modules), {}
    while waiting:
        module = waiting.pop()
        # nsca itself is left out: it offers `nsca.load` and so reaches everything
        if module in seen or not module.startswith("nsca.") or module.startswith(LEFT_OUT):
            continue
        path = module_file(module)
        if path is None:
            continue  # a name inside a module, not a module
        seen[module], imported = _digest_and_imports(path.read_text(encoding="utf-8"))
        waiting += imported
    text = "\n".join(f"{module} {digest}" for module, digest in sorted(seen.items()))
    return hashlib.sha256(text.encode()).hexdigest()


def target_modules(node: Any) -> set[str]:
    """The modules of all `_target_`s in a configuration of dicts and lists."""
    if isinstance(node, Mapping):
        own = {str(node["_target_"]).rpartition(".")[0]} if "_target_" in node else set()
        return own.union(*(target_modules(value) for value in node.values()))
    if isinstance(node, list):
        return set().union(*(target_modules(value) for value in node))
    return set()


@functools.cache
def _digest_and_imports(text: str) -> tuple[str, tuple[str, ...]]:
    tree = _without_docstrings(ast.parse(text))
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest(), tuple(_imported(tree))


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            continue
        first = node.body[0] if node.body else None
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
            node.body = node.body[1:]
    return tree
