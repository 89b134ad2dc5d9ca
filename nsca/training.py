"""One training run: phase, data, Trainer, callbacks and loggers, put together from YAML."""

import logging
import signal
import sys
import warnings
from pathlib import Path
from typing import Any

import lightning
from lightning.pytorch import Callback, LightningDataModule, Trainer
from lightning.pytorch.callbacks import RichProgressBar
from lightning.pytorch.loggers import Logger
from lightning.pytorch.utilities.exceptions import MisconfigurationException, SIGTERMException
from omegaconf import DictConfig

from nsca.assembly import (
    build,
    build_data,
    build_phase,
    phase_class,
    phase_name,
    plain,
)
from nsca.callbacks.checkpointing import (
    Checkpointing,
    CheckpointSettings,
    Origin,
    StoppedOnRequest,
    StopRequest,
)
from nsca.callbacks.early_stop import EarlyStop, EarlyStoppingSettings
from nsca.callbacks.progress import progress_callback
from nsca.callbacks.step_profile import StepProfile
from nsca.callbacks.throughput import Throughput
from nsca.callbacks.weight_average import AverageSettings, WeightAverage
from nsca.checkpoint import SafeCheckpointIO
from nsca.debug import FINDER_STEPS, DebugPreset
from nsca.errors import UserError
from nsca.hardware import profile_of
from nsca.parts import load_parts, with_found_parts
from nsca.phases.out_of_memory import ran_out_of_memory
from nsca.phases.phase import Phase
from nsca.preflight import check_before, check_disk
from nsca.preparation import prepare
from nsca.rate_finder import RateSweep, suggested_rate, write_curve
from nsca.reporting.rate_plot import write_plot
from nsca.resuming import choose_start, find_finished
from nsca.run_card import RunCard, config_fingerprint
from nsca.shared_batch import Orders, SharedBatch, require_launch, started_from_outside, together
from nsca.stop_signals import graceful_stop
from nsca.verb import Stopped

LEAST_LOGGED_ROWS = 20


def run_training(cfg: DictConfig) -> Path:
    """Train the configured phase and return its run directory.

    Where several processes train, this is the first one; the others call `follow`.

    Raises:
        UserError: hardware, data, disk or configuration are not as they must be.
        Stopped: a signal asked for it; everything is saved.
    """
    quieten()
    hardware, debug = profile_of(cfg), DebugPreset(**plain(cfg.debug))
    if hardware.processes > 1:
        require_launch(hardware.nodes)
    check_before(cfg, hardware, debug)
    cfg = with_found_parts(cfg)
    root, name = Path(cfg.outputs) / "train", str(cfg.name)
    fingerprint, config = config_fingerprint(cfg), plain(cfg)
    data = build_data(cfg)
    data_fingerprint = fingerprint_of(data)
    finished = find_finished(str(cfg.resume), root, name, fingerprint, data_fingerprint)
    if finished is not None:
        print(f"{finished} is finished; resume=never trains again", file=sys.stderr)
        if hardware.processes > 1 and started_from_outside():
            with together(build_trainer(cfg, None, []), Orders(train=False, checkpoint=None)):
                pass  # the others wait for these orders
        return finished
    start = choose_start(str(cfg.resume), root, name, fingerprint, data_fingerprint, config)
    run, stop = start.run, StopRequest(alone=hardware.processes == 1)
    run.write_config(cfg)
    card = run.card(
        "train",
        int(cfg.seed),
        config_fingerprint=fingerprint,
        data_fingerprint=data_fingerprint,
    )
    origin = Origin(str(cfg.phase._target_), fingerprint, config)
    try:
        with card, graceful_stop(stop.ask, stop.doing) as stop.listen:
            lightning.seed_everything(int(cfg.seed), workers=True, verbose=False)
            phase = build_phase(cfg)
            if start.checkpoint is None:
                load_parts(phase, cfg.parts)
            prepare(phase, cfg)
            check_disk(phase, run.path)
            if debug.find_lr:
                trainer = _find_learning_rate(cfg, run.path, phase, data, card)
            else:
                settings = CheckpointSettings(**plain(cfg.checkpoint))
                checkpointing = Checkpointing(run.path, settings, origin, stop, card)
                looking = [Throughput(card), *watchers(cfg), progress_callback()]
                profiling = profilers(cfg, run.path / "profile")
                callbacks = [checkpointing, *looking, *options(cfg), *profiling]
                trainer = build_trainer(cfg, run.path, callbacks)
                with together(trainer, Orders(train=True, checkpoint=start.checkpoint)):
                    trainer.fit(phase, datamodule=data, ckpt_path=start.checkpoint)
            parameters = sum(p.numel() for p in phase.parameters())
            card.record({"parameters": parameters, "steps": trainer.global_step})
    except StoppedOnRequest as stopped:
        raise Stopped(run.path, stopped.exit_code) from stopped
    except SIGTERMException as term:  # in the moment before ours was taken again
        raise Stopped(run.path, 128 + signal.SIGTERM) from term
    except RuntimeError as error:
        if not ran_out_of_memory(error):
            raise
        raise UserError(
            "the device ran out of memory outside of loss and gradient, where smaller parts cannot "
            f"help: {str(error).splitlines()[0]}",
            "free memory or choose a smaller model or batch; what was saved is kept, and the same "
            "command with resume=auto goes on",
        ) from error
    finally:
        run.release()
    return run.path


def fingerprint_of(data: LightningDataModule) -> str:
    """Return the sha256 of the data behind a data module, empty where it has no source."""
    source = getattr(data, "source", None)
    return source.fingerprint() if source is not None else ""


def watchers(cfg: DictConfig) -> list[Callback]:
    """Return the callbacks that look at the training and say what is wrong or how good it is."""
    return [build(node) for node in cfg.watch.values()]


def options(cfg: DictConfig) -> list[Callback]:
    """Return what changes which weights a run gives, by option; it stands after those that look.

    Raises:
        UserError: one of them with a phase that goes through stages.
    """
    stopping = EarlyStoppingSettings(**plain(cfg.early_stopping))
    average = AverageSettings(**plain(cfg.ema))
    asked = {"early_stopping.patience": stopping.patience, "ema.decay": average.decay}
    for key in (key for key, value in asked.items() if value is not None):
        if phase_class(cfg).staged:
            raise UserError(
                f"phase={phase_name(cfg)} measures itself along its stages, so {key} would change "
                "what it measured",
                f"{key}=null",
            )
    found: list[Callback] = []
    if stopping.patience is not None:
        monitor, mode = str(cfg.checkpoint.monitor), cfg.checkpoint.mode
        found.append(EarlyStop(stopping.patience, stopping.min_change, monitor, mode))
    if average.decay is not None:
        found.append(WeightAverage(average.decay))
    return found


def profilers(cfg: DictConfig, folder: Path) -> list[Callback]:
    """Return what says where the time goes, if that is asked."""
    if not DebugPreset(**plain(cfg.debug)).profile:
        return []
    hardware, phase = profile_of(cfg), phase_name(cfg)
    parts = hardware.accumulation(phase, int(cfg.effective_batch))
    return [StepProfile(folder, hardware, phase, parts)]


def build_trainer(cfg: DictConfig, run: Path | None, callbacks: list[Callback]) -> Trainer:
    """Return Lightning's Trainer: `trainer.*` as given, devices and precision from the hardware.

    Args:
        cfg: the configuration.
        run: where it logs; None for a process that leaves that to another.
        callbacks: all that there are.

    Raises:
        UserError: settings that Lightning does not take, alone or together.
    """
    hardware = profile_of(cfg)
    chosen: dict[str, Any] = {**plain(cfg.trainer)}
    debug = DebugPreset(**plain(cfg.debug))
    if debug.find_lr:
        chosen |= {"max_steps": FINDER_STEPS, "limit_val_batches": 0}
    steps = int(chosen.get("max_steps", -1))
    if steps > 0:
        # A short run is still validated once and logged often enough to see a curve.
        interval = chosen.get("val_check_interval")
        if isinstance(interval, int):
            chosen["val_check_interval"] = min(interval, steps)
        rows = max(1, steps // LEAST_LOGGED_ROWS)
        chosen["log_every_n_steps"] = min(int(chosen.get("log_every_n_steps") or rows), rows)
    has_bar = any(isinstance(callback, RichProgressBar) for callback in callbacks)
    loggers = build_loggers(cfg, run) if run is not None else []
    try:
        return Trainer(
            **{"enable_model_summary": False, **chosen},
            accelerator=hardware.accelerator,
            devices=hardware.devices,
            num_nodes=hardware.nodes,
            strategy=SharedBatch() if hardware.processes > 1 else hardware.strategy,
            precision=hardware.precision,
            callbacks=callbacks,
            logger=loggers,
            plugins=[SafeCheckpointIO()],
            default_root_dir=run,
            enable_checkpointing=False,
            enable_progress_bar=has_bar,
            use_distributed_sampler=False,
        )
    except (MisconfigurationException, ValueError) as error:
        cause = " ".join(str(error).split())
        raise UserError(
            f"Lightning refuses these settings: {cause}", "correct that key of trainer or hardware"
        ) from error


def build_loggers(cfg: DictConfig, run: Path) -> list[Logger]:
    """Return the configured loggers, writing into the run directory."""
    return [build(node, directory=str(run)) for node in cfg.logger.values()]


def _find_learning_rate(
    cfg: DictConfig, run: Path, phase: Phase, data: LightningDataModule, card: RunCard
) -> Trainer:
    """Sweep over learning rates; nothing is kept but the curve, its plot and the suggestion."""
    sweep = RateSweep(FINDER_STEPS)
    trainer = build_trainer(cfg, run, [sweep, Throughput(card), progress_callback()])
    trainer.fit(phase, datamodule=data)
    curve = sweep.curve()
    write_curve(curve, run)
    plot = write_plot(curve, run)
    suggestion = suggested_rate(curve)
    card.record({"suggested_learning_rate": suggestion})
    print(f"suggested: phase.optimizer.learning_rate={suggestion:.2g}", file=sys.stderr)
    print(f"the curve: {plot}", file=sys.stderr)
    return trainer


def quieten() -> None:
    """Lightning's advertisements and warnings that do not apply here."""
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # the loaders start at the optimiser step that training resumes from
    warnings.filterwarnings("ignore", ".*your dataloader is not resumable.*")
    # batches are gathered from memory in a millisecond: workers would only add copies
    warnings.filterwarnings("ignore", ".*does not have many workers.*")
    # who sets trainer.limit_val_batches=0 knows it
    warnings.filterwarnings("ignore", "You defined a `validation_step` but have no")
    # inside Lightning, about torch's next version
    warnings.filterwarnings("ignore", ".*LeafSpec.*is deprecated.*")
