"""`python -m nsca.babble`: generate a babbling data set, or continue one."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from omegaconf import DictConfig, OmegaConf

from nsca.errors import UserError
from nsca.hardware import available_cores
from nsca.notice import notice
from nsca.stop_signals import graceful_stop
from nsca.verb import Stopped, launch

if TYPE_CHECKING:
    from nsca.data.generation import Progress
    from nsca.data.generation_plan import GenerationPlan


def babble(cfg: DictConfig) -> Path:
    """Makes what is missing of the set and returns that folder."""
    from nsca.data.generation_plan import GenerationPlan

    root = Path(cfg.path or Path(cfg.outputs) / "babbling")
    plan = GenerationPlan(
        seed=cfg.seed,
        interactions=cfg.interactions,
        interactions_per_episode=cfg.interactions_per_episode,
        objects_per_episode=cfg.objects_per_episode,
        fractions={
            "train": cfg.fractions.train,
            "val": cfg.fractions.val,
            "test": cfg.fractions.test,
        },
        render=_can_render(cfg.render),
        gravity=cfg.gravity,
    )
    workers = available_cores() if cfg.workers is None else cfg.workers
    if cfg.dry_run:
        _print_plan(plan, root, workers)
        return root
    return _generate(plan, root, workers, cfg)


def _can_render(render: str | bool) -> bool:
    """Whether pictures are drawn; `auto` draws where a GL backend works and says so where not."""
    if render not in (True, False, "auto"):
        raise UserError(f"render={render}", "choose auto, true or false")
    if render is False:
        return False
    from nsca.worlds.gl import choose_backend, require_backend

    if render is True:
        require_backend()
        return True
    found = choose_backend()
    if found.backend is None:
        notice(f"{found.notice}; generating state, sound and touch only")
    return found.backend is not None


def _generate(plan: "GenerationPlan", root: Path, workers: int, cfg: DictConfig) -> Path:
    from nsca.data.babbling_store import content_fingerprint, write_text
    from nsca.data.generation import open_set
    from nsca.data.generation_progress import describe, shown_progress
    from nsca.run_card import RunCard
    from nsca.worlds.tabletop.interaction import FRAMES

    stopped: list[int] = []
    stopping = graceful_stop(stopped.append, "finishing the shards in progress")
    with open_set(plan, root) as claimed, stopping:
        write_text(root / "config.yaml", OmegaConf.to_yaml(cfg, resolve=True))
        card = RunCard(
            root,
            verb="babble",
            seed=plan.seed,
            config_fingerprint=plan.fingerprint(),
            data_fingerprint="",
        )
        with card, shown_progress() as show:
            last: list[Progress] = []

            def report(progress: "Progress") -> None:
                last[:] = [progress]
                made = progress.interactions_done - progress.kept_interactions
                card.samples = made * FRAMES
                show(progress)

            manifest = claimed.make(workers, report, lambda: bool(stopped))
            totals = manifest["totals"]
            card.record({f"babble/{name}": value for name, value in totals.items()})
            if card.samples:  # otherwise the figures of the run that made the set stay
                card.record({f"babble/share_{n}": share for n, share in last[0].shares.items()})
                card.record(
                    {
                        "babble/frames_per_s": last[0].frames_per_s,
                        "babble/workers": workers,
                        "babble/worker_peak_memory_mb": last[0].peak_memory_mb,
                    }
                )
            card.data_fingerprint = content_fingerprint(manifest)
            print(describe(last[0]), file=sys.stderr)
            if stopped and manifest["status"] != "complete":
                print("stopped; the same command continues", file=sys.stderr)
                raise Stopped(root, 128 + stopped[0])
    return root


def _print_plan(plan: "GenerationPlan", root: Path, workers: int) -> None:
    from nsca.data.generation import BYTES_PER_INTERACTION
    from nsca.worlds.tabletop.interaction import FRAMES

    shards = plan.shards()
    interactions = sum(shard.episodes for shard in shards) * plan.interactions_per_episode
    print(f"data set      {root}")
    for split in plan.fractions:
        episodes = sum(shard.episodes for shard in shards if shard.split == split)
        print(f"  {split:<11} {episodes} episodes")
    print(f"interactions  {interactions} ({interactions * FRAMES:,} frames)")
    print(f"gravity       {plan.gravity:g} of Earth's")
    print(f"pictures      {'64x64 RGB' if plan.render else 'none'}")
    print(f"shards        {len(shards)}, by {workers} worker processes")
    size_gb = interactions * BYTES_PER_INTERACTION[plan.render] / 1e9
    print(f"disk          at most about {size_gb:.2f} GB")


if __name__ == "__main__":
    launch("babble", babble)
