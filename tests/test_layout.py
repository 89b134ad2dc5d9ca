"""The layout is a promise: names mirror, every part has its test, and what is dangerous is absent.

Files are the registry. Whoever adds a phase, a data set or a prior is told here what is missing.
"""

import ast
import re
from pathlib import Path

import pytest
import yaml

# Where conf/<group>/*.yaml may point. A group without code stands for settings alone.
GROUP_TARGETS = {
    "benchmark": ("nsca.benchmarks.",),
    "data": ("nsca.data.",),
    "gate": ("nsca.gates.",),
    "imagination": ("nsca.objectives.",),
    "logger": ("nsca.loggers.", "lightning.pytorch.loggers."),
    "model": ("nsca.models.",),
    "phase": ("nsca.phases.",),
    "pipeline": ("nsca.pipelines.",),
    "prior": ("nsca.priors.",),
    "prior_weight": ("nsca.priors.",),
    "recipe": ("nsca.benchmarks.",),
}
GROUPS_WITHOUT_CODE = {"debug", "experiment", "hardware", "study"}
ASIDE = {"faults", "golden", "slow"}  # folders of tests beside the mirrored ones
GATE_FRAME = {"gate", "report", "run", "verdict"}  # files of nsca/gates that are no gate
NAMELESS = re.compile(r"(^|_)(utils?|helpers?|common|misc)(_|$)")
UNSAFE_MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve", "joblib"}
UNSAFE_ARGUMENTS = {
    "allow_pickle": True,
    "trust_remote_code": True,
    "shell": True,
    "weights_only": False,
}


def modules(project: Path) -> list[Path]:
    """Every module of the package, relative to the project; __init__ files hold nothing to test."""
    found = sorted((project / "nsca").rglob("*.py"))
    return [path.relative_to(project) for path in found if path.name != "__init__.py"]


def modules_of_tests(project: Path) -> list[Path]:
    """Every file of tests."""
    return sorted((project / "tests").rglob("test_*.py"))


def test_of(module: Path) -> Path:
    """nsca/data/store.py -> tests/data/test_store.py; a __main__.py -> test_data_command.py."""
    name = f"{module.parent.name}_command" if module.stem == "__main__" else module.stem
    return Path("tests", *module.parts[1:-1], f"test_{name}.py")


test_of.__test__ = False  # a name, not a test


def targets(node: object) -> list[str]:
    """Every `_target_` in a configuration, at any depth."""
    if isinstance(node, dict):
        own = [node["_target_"]] if "_target_" in node else []
        return own + [target for value in node.values() for target in targets(value)]
    if isinstance(node, list):
        return [target for value in node for target in targets(value)]
    return []


def is_variant(path: Path) -> bool:
    """Whether a choice begins from another one of its group and only sets it otherwise."""
    defaults = yaml.safe_load(path.read_text()).get("defaults", [])
    names = {other.stem for other in path.parent.glob("*.yaml")}
    return any(entry in names for entry in defaults if isinstance(entry, str))


def definition_offences(node: ast.AST) -> list[str]:
    """What is wrong with how something is imported, caught or constructed."""
    found = []
    if isinstance(node, ast.Import | ast.ImportFrom):
        imported = [alias.name for alias in node.names]
        if isinstance(node, ast.ImportFrom):
            imported = [node.module or ""]
        found += [f"imports {name}" for name in imported if name.split(".")[0] in UNSAFE_MODULES]
    if isinstance(node, ast.ExceptHandler) and all(isinstance(s, ast.Pass) for s in node.body):
        found.append("an exception is caught and dropped")
    if isinstance(node, ast.FunctionDef) and node.name == "__init__":
        if node.args.kwarg:
            found.append(f"a constructor takes **{node.args.kwarg.arg}")
        if any(argument.arg in {"cfg", "config"} for argument in node.args.args):
            found.append("a constructor takes a whole configuration")
    return found


def call_offences(node: ast.Call, file: str) -> list[str]:
    """What is wrong with a call."""
    called = ast.unparse(node.func)
    found = []
    if called in {"eval", "exec", "yaml.load", "yaml.unsafe_load", "yaml.full_load"}:
        found.append(f"calls {called}")
    if called == "torch.load" and file != "checkpoint.py":
        found.append("torch.load belongs into checkpoint.py alone")
    for keyword in node.keywords:
        unsafe = UNSAFE_ARGUMENTS.get(keyword.arg or "")
        if unsafe is not None and getattr(keyword.value, "value", None) is unsafe:
            found.append(f"passes {keyword.arg}={unsafe}")
    return found


def offences(source: str, file: str) -> list[str]:
    """What a source file does that no file of this project may do."""
    found = []
    for node in ast.walk(ast.parse(source)):
        wrong = definition_offences(node)
        if isinstance(node, ast.Call):
            wrong += call_offences(node, file)
        found += [f"line {getattr(node, 'lineno', 0)}: {each}" for each in wrong]
    return found


def foreign_phases(source: str, phase: str) -> list[str]:
    """Modules of other phases that a source file of `phase` imports."""
    imported = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            imported.append(node.module or "")
        elif isinstance(node, ast.Import):
            imported += [alias.name for alias in node.names]
    inside = [name for name in imported if re.fullmatch(r"nsca\.phases\.\w+\..+", name)]
    return [name for name in inside if name.split(".")[2] != phase]


def test_every_module_has_its_test(project: Path):
    found = modules(project)
    assert len(found) > 20
    missing = [
        f"{module} wants {test_of(module)}"
        for module in found
        if not (project / test_of(module)).is_file()
    ]
    assert not missing, "\n".join(missing)


def test_every_folder_of_tests_mirrors_a_package(project: Path):
    folders = {path.parent.relative_to(project / "tests") for path in modules_of_tests(project)}
    assert len(folders) > 3
    astray = [
        str(f) for f in folders if f.name not in ASIDE and not (project / "nsca" / f).is_dir()
    ]
    assert not astray, f"no package of the same name for tests in {astray}"


def test_every_choice_points_into_its_own_package(project: Path):
    seen, wrong = 0, []
    for path in sorted((project / "conf").glob("*/*.yaml")):
        group, where = path.parent.name, path.relative_to(project)
        seen += 1
        if group in GROUPS_WITHOUT_CODE:
            continue
        if group not in GROUP_TARGETS:
            wrong.append(f"{where}: no package belongs to the group {group!r}")
            continue
        found = targets(yaml.safe_load(path.read_text()))
        own = any(target.startswith(GROUP_TARGETS[group]) for target in found)
        if not own and not is_variant(path):
            wrong.append(f"{where} wants a _target_ in {' or '.join(GROUP_TARGETS[group])}")
        for target in found:
            if target.startswith("nsca."):
                module = project.joinpath(*target.split(".")[:-1]).with_suffix(".py")
                if not module.is_file():
                    wrong.append(f"{where} points to {target}, and there is no {module.name}")
    assert seen >= 8
    assert not wrong, "\n".join(wrong)


def test_every_root_configuration_belongs_to_a_verb(project: Path):
    found = sorted((project / "conf").glob("*.yaml"))
    assert len(found) >= 3
    missing = [path.name for path in found if not (project / f"nsca/{path.stem}.py").is_file()]
    assert not missing, f"no verb in nsca/ for {missing}"


@pytest.mark.parametrize("kind", ["phase", "gate"])
def test_phases_and_gates_are_whole(project: Path, kind: str):
    package = project / "nsca" / f"{kind}s"
    files = (project / "conf" / kind).glob("*.yaml")
    configured = {path.stem for path in files if not is_variant(path)}
    if kind == "phase":
        written = {path.name for path in package.iterdir() if (path / "module.py").is_file()}
        assert written, "no phase was found"
        parts = ("nsca/phases/{0}/module.py", "nsca/phases/{0}/data.py", "conf/phase/{0}.yaml")
        parts += ("tests/phases/{0}/test_module.py", "tests/phases/{0}/test_data.py")
        parts += ("tests/golden/{0}.json",)
    else:
        written = {path.stem for path in package.glob("[a-z]*.py")} - GATE_FRAME
        # <gate>_<part>.py belongs to its gate
        written -= {name for name in written if name.startswith(tuple(f"{g}_" for g in configured))}
        parts = ("nsca/gates/{0}.py", "conf/gate/{0}.yaml", "tests/gates/test_{0}.py")
    missing = [
        f"{kind} {name} wants {part.format(name)}"
        for name in sorted(configured | written)
        for part in parts
        if not (project / part.format(name)).is_file()
    ]
    assert not missing, "\n".join(missing)


def test_phases_do_not_import_each_other(project: Path):
    files = sorted((project / "nsca" / "phases").glob("*/*.py"))
    assert files
    wrong = [
        f"{path.relative_to(project)} imports {other}"
        for path in files
        for other in foreign_phases(path.read_text(), path.parent.name)
    ]
    assert not wrong, "\n".join(wrong) + ": move what they share below the phases"


def test_an_import_between_phases_would_be_seen():
    source = "from nsca.phases.audio.module import A\nimport nsca.phases.vision.data\n"
    assert foreign_phases(source, "vision") == ["nsca.phases.audio.module"]
    assert foreign_phases("from nsca.phases.phase import Phase", "vision") == []


def test_files_are_named_after_a_subject(project: Path):
    found = [*(project / "nsca").rglob("*"), *(project / "tests").rglob("*")]
    assert len(found) > 20
    assert [str(path) for path in found if NAMELESS.search(path.stem)] == []


def test_no_module_does_what_none_may(project: Path):
    wrong = [
        f"{module} {offence}"
        for module in modules(project)
        for offence in offences((project / module).read_text(), module.name)
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import pickle", "imports pickle"),
        ("from joblib import load", "imports joblib"),
        ("eval('1')", "calls eval"),
        ("yaml.load(text)", "calls yaml.load"),
        ("torch.load(path, weights_only=True)", "torch.load"),
        ("torch.load(path, weights_only=False)", "weights_only=False"),
        ("numpy.load(path, allow_pickle=True)", "allow_pickle=True"),
        ("load_dataset(name, trust_remote_code=True)", "trust_remote_code=True"),
        ("subprocess.run(line, shell=True)", "shell=True"),
        ("try:\n    f()\nexcept OSError:\n    pass", "caught and dropped"),
        ("class A:\n    def __init__(self, **options): ...", "**options"),
        ("class A:\n    def __init__(self, cfg): ...", "whole configuration"),
    ],
)
def test_each_offence_is_seen(source: str, said: str):
    assert any(said in offence for offence in offences(source, "module.py"))


def test_the_innocent_pass():
    source = "model.eval()\nyaml.safe_load(text)\nnumpy.load(path, allow_pickle=False)"
    assert offences(source, "module.py") == []
    assert offences("torch.load(path, weights_only=True)", "checkpoint.py") == []
