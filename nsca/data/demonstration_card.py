"""The README.md of a set of demonstrations: what is in it, how to read it, what it is not."""

from typing import Any

from nsca.data.demonstration_manifest import recording_command


def demonstration_card(manifest: dict[str, Any]) -> str:
    """The card in Markdown, from the manifest alone; `datasets` reads its header."""
    settings, episodes = manifest["configuration"], manifest["episodes"]
    steps = manifest["steps"]
    altered = ", ".join(
        f"{name} x {settings[name]:g}"
        for name in ("gravity", "mass", "friction")
        if settings[name] != 1.0
    )
    if settings["action_noise"]:
        hand = f"a hand that shakes (Gaussian noise of {settings['action_noise']:g} on its steps)"
    else:
        hand = "a steady hand"
    return f"""---
license: apache-2.0
configs:
- config_name: default
  data_files:
  - split: train
    path: {manifest["file"]["path"]}
---

# Demonstrations of {settings["task"]}, seed {settings["seed"]}

{settings["count"]} episodes in which metaworld's scripted expert, with {hand}, does the task.
Made by

    {recording_command(settings)}

in simulation ({settings["backend"]}; physics: {altered or "as Meta-World has it"}); no person,
place or recording is in it. Schema version {manifest["schema_version"]}.

- Expert: {settings["count"]} successes in {episodes["tried"]} episodes
  ({episodes["success_rate"]:.0%}). Episodes without success are left out.
- An episode goes on for {settings["steps_after_success"]} steps after its first success, at most
  {settings["max_steps"]} in all.
- Lengths: {steps["shortest"]} to {steps["longest"]} steps of 12.5 ms; {steps["all"]} together.

One row a demonstration with T steps; `datasets.load_dataset("parquet", data_files=...)` opens it:

| column | shape | |
|---|---|---|
| `task` | | full name |
| `seed` | | of the episode: places of objects and goal follow from it |
| `observations` | [T + 1, 39] | see below |
| `actions` | [T, 4] | displacement of the hand's target (1 is 1 cm), gripper force; -1 to 1 |
| `rewards` | [T] | metaworld's reward function {manifest["reward_version"]}, 0 to 10 |
| `success` | [T] | at each step |

An observation: hand (3, m), gripper (0 to 1), two objects (place 3, m, and quaternion 4; zeros
where there is none), the same 18 numbers a step before, goal (3, m). Action t leads from
observation t to observation t + 1.

In Python: `nsca.data.demonstrations.load_demonstrations(path)`, which checks what it reads.

Limits: a scripted expert knows the state and moves as no person would; it is stateless and nearly
deterministic, so that demonstrations of one task differ by their places alone (and by the noise).
"""
