"""The 50 tasks of Meta-World v3, and what a user may call them.

The list stands here so that a name is checked before metaworld (a second of imports) is loaded; a
test holds it against the package.
"""

from nsca.errors import UserError
from nsca.notice import notice
from nsca.spelling import advice

_NAMES = """
assembly basketball bin-picking box-close button-press button-press-topdown
button-press-topdown-wall button-press-wall coffee-button coffee-pull coffee-push dial-turn
disassemble door-close door-lock door-open door-unlock drawer-close drawer-open faucet-close
faucet-open hammer hand-insert handle-press handle-press-side handle-pull handle-pull-side
lever-pull peg-insert-side peg-unplug-side pick-out-of-hole pick-place pick-place-wall plate-slide
plate-slide-back plate-slide-back-side plate-slide-side push push-back push-wall reach reach-wall
shelf-place soccer stick-pull stick-push sweep sweep-into window-close window-open
"""
TASKS = tuple(f"{name}-v3" for name in _NAMES.split())


def resolve_task(name: str) -> str:
    """The task's full name, from `pick-place`, `pick-place-v3` or the older `pick-place-v2`.

    `-v2` names are answered with a notice on stderr: what runs is v3, on MuJoCo's own
    bindings.

    Raises:
        UserError: there is no such task; the remedy names the nearest.
    """
    stem, dash, version = name.rpartition("-v")
    if dash and version in {"2", "3"}:
        task = f"{stem}-v3"
        if version == "2" and task in TASKS:
            notice(f"{name} is {task} today; that is what runs")
    else:
        task = f"{name}-v3"
    if task not in TASKS:
        raise UserError(f"Meta-World has no task '{name}'", advice(task, TASKS, "task"))
    return task
