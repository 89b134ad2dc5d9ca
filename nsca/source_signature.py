"""Constructor signatures and config reads, found in source text without importing anything.

Importing a phase means importing torch (seconds); a misspelt key should be answered at once. So
names are followed through files with `ast`: only classes defined in, or re-exported through `from
... import ...` inside, the package that the name starts with. Unsure: signatures made by
decorators other than `dataclass` are not understood and count as having no parameters of their own
(the base class is read instead).
"""

import ast
import functools
import importlib.machinery
import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path


class UnknownTargetError(Exception):
    """A dotted name that is no class; `candidates` are the classes where the search ended."""

    def __init__(self, target: str, candidates: tuple[str, ...]) -> None:
        super().__init__(target)
        self.target = target
        self.candidates = candidates


@dataclass(frozen=True)
class Signature:
    """What the constructor of one class accepts by name."""

    target: str
    module: str
    annotations: dict[str, ast.expr | None] = field(default_factory=dict)


@functools.cache
def package_root(name: str) -> Path | None:
    """Folder of a top-level package, looked up without importing it."""
    if name == "nsca":
        return Path(__file__).parent
    spec = importlib.machinery.PathFinder.find_spec(name)
    locations = spec.submodule_search_locations if spec else None
    return Path(next(iter(locations))) if locations else None


def module_file(module: str) -> Path | None:
    """Source file of a module, None if there is none."""
    top, *rest = module.split(".")
    root = package_root(top)
    if root is None:
        return None
    stem = root.joinpath(*rest)
    for candidate in (stem / "__init__.py", stem.with_suffix(".py") if rest else stem):
        if candidate.is_file():
            return candidate
    return None


@functools.cache
def tree_of(path: Path) -> ast.Module:
    """Return the parsed source of a file, parsed once."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def _imports(tree: ast.Module, module: str, is_package: bool) -> Iterator[tuple[str, str, str]]:
    """(local name, module, original name) of every top-level `from x import y`."""
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = module.split(".")
                keep = len(parts) - node.level + (1 if is_package else 0)
                base = ".".join([*parts[:keep], *([base] if base else [])])
            for alias in node.names:
                yield alias.asname or alias.name, base, alias.name


def _find_class(module: str, name: str, hops: int = 6) -> tuple[str, ast.ClassDef] | None:
    path = module_file(module)
    if path is None or hops == 0:
        return None
    tree = tree_of(path)
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            return module, node
    for local, origin, original in _imports(tree, module, path.name == "__init__.py"):
        if local == name and origin.split(".")[0] == module.split(".")[0]:
            return _find_class(origin, original, hops - 1)
    return None


def _class_names(module: str) -> tuple[str, ...]:
    path = module_file(module)
    if path is None:
        return ()
    return tuple(
        f"{module}.{node.name}"
        for node in tree_of(path).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )


def _modules_near(module: str) -> tuple[str, ...]:
    """Classes of the modules beside one that does not exist."""
    parent = module
    while parent and module_file(parent) is None:
        parent = parent.rpartition(".")[0]
    path = module_file(parent) if parent else None
    if path is None or path.name != "__init__.py":
        return _class_names(parent) if parent else ()
    names: list[str] = []
    for file in sorted(path.parent.rglob("*.py")):
        inner = file.relative_to(path.parent).with_suffix("").parts
        names += _class_names(".".join([parent, *(p for p in inner if p != "__init__")]))
    return tuple(names)


def _is_dataclass(node: ast.ClassDef) -> bool:
    for decorator in node.decorator_list:
        call = decorator.func if isinstance(decorator, ast.Call) else decorator
        if (isinstance(call, ast.Name) and call.id == "dataclass") or (
            isinstance(call, ast.Attribute) and call.attr == "dataclass"
        ):
            return True
    return False


def _parameters(module: str, node: ast.ClassDef) -> dict[str, ast.expr | None]:
    for item in node.body:
        if isinstance(item, ast.FunctionDef) and item.name == "__init__":
            arguments = [*item.args.posonlyargs, *item.args.args, *item.args.kwonlyargs]
            return {a.arg: a.annotation for a in arguments if a.arg != "self"}
    inherited: dict[str, ast.expr | None] = {}
    for base in node.bases:
        name = base.value if isinstance(base, ast.Subscript) else base
        if isinstance(name, ast.Name) and (found := _find_class(module, name.id)):
            inherited |= _parameters(*found)
    if _is_dataclass(node):
        for item in node.body:
            is_field = isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name)
            if is_field and "ClassVar" not in ast.unparse(item.annotation):
                inherited[item.target.id] = item.annotation
    return inherited


def signature_of(target: str) -> Signature:
    """Parameters of the class with this dotted name.

    Raises:
        UnknownTargetError: no such class in the source of the package that the name starts with.
    """
    module, _, name = target.rpartition(".")
    found = _find_class(module, name) if module else None
    if found is None:
        raise UnknownTargetError(target, _class_names(module) or _modules_near(module))
    return Signature(target, found[0], _parameters(*found))


def module_strings(module: str, constant: str, values: bool = False) -> frozenset[str]:
    """Return the strings in a constant such as `TERMS = frozenset({"a"})`, also where a module has
    it from another one of the project; none without it.

    Args:
        module: dotted name.
        constant: its name.
        values: of a dictionary those in its values, and not its keys.
    """
    path = module_file(module)
    if path is None:
        return frozenset()
    for local, origin, original in _imports(tree_of(path), module, path.name == "__init__.py"):
        if local == constant and origin.split(".")[0] == module.split(".")[0]:
            return module_strings(origin, original, values)
    for node in tree_of(path).body:
        if isinstance(node, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == constant for target in node.targets
        ):
            whole: ast.expr = node.value
            if isinstance(whole, ast.Dict):
                keys = [key for key in whole.keys if key]
                whole = ast.Tuple(whole.values if values else keys)
            inside = (c.value for c in ast.walk(whole) if isinstance(c, ast.Constant))
            return frozenset(value for value in inside if isinstance(value, str))
    return frozenset()


def resolve_class(module: str, name: str) -> str | None:
    """Dotted name of the class that `name` means inside `module`, None for anything else."""
    found = _find_class(module, name)
    return f"{found[0]}.{found[1].name}" if found else None


class _Reads(ast.NodeVisitor):
    def __init__(self) -> None:
        self.chains: set[tuple[str, ...]] = set()

    def _chain(self, node: ast.expr) -> tuple[str, ...] | None:
        if isinstance(node, ast.Name):
            return () if node.id in {"cfg", "config"} else None
        if isinstance(node, ast.Attribute):
            inner = self._chain(node.value)
            return None if inner is None else (*inner, node.attr)
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
            inner = self._chain(node.value)
            return None if inner is None else (*inner, str(node.slice.value))
        return None

    def visit_Call(self, node: ast.Call) -> None:
        chain = self._chain(node.func) if isinstance(node.func, ast.Attribute) else None
        first = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
        if chain:  # a method of a node: cfg.get("key"), cfg.group.values()
            asked = chain[-1] == "get" and isinstance(first, str)
            self.chains.add((*chain[:-1], str(first)) if asked else chain[:-1])
            for argument in (*node.args, *(keyword.value for keyword in node.keywords)):
                self.visit(argument)
            return
        second = node.args[1] if len(node.args) > 1 else None
        if isinstance(second, ast.Constant) and isinstance(second.value, str):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
            base = self._chain(node.args[0])
            if name == "select" and base is not None:
                self.chains.add((*base, *second.value.split(".")))
        self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        chain = self._chain(node)
        if chain:
            self.chains.add(chain)
        else:
            self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        chain = self._chain(node)
        if chain:
            self.chains.add(chain)
        else:
            self.generic_visit(node)


@functools.cache
def config_reads(module: str) -> frozenset[tuple[str, ...]]:
    """Return the keys that a module reads from a variable `cfg` or `config`.

    The nsca modules that it imports, anywhere in its text, are followed as long as they mention
    `cfg`.
    """
    reads = _Reads()
    waiting, seen = [module], set()
    while waiting:
        path = module_file(waiting.pop())
        if path is None or path in seen:
            continue
        seen.add(path)
        if "cfg" not in path.read_text(encoding="utf-8"):
            continue
        tree = tree_of(path)
        reads.visit(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("nsca."):
                waiting += [str(node.module), *(f"{node.module}.{a.name}" for a in node.names)]
    return frozenset(reads.chains - {()})
