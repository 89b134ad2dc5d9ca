"""`python -m nsca.gate gate=<name>`: ask a gate's question; exit code 0 only when it passes.

Exit codes: 0 passed, 3 a smoke run (quick=true), 4 not passed or uninterpretable; 2 when cells
failed or the configuration is wrong.
"""

from pathlib import Path

from omegaconf import DictConfig

from nsca.verb import Ended, launch

SMOKE_CODE, NOT_PASSED_CODE = 3, 4


def gate(cfg: DictConfig) -> Ended | None:
    """Run the gate, or with dry_run=true print its cells; return its run directory and exit code.

    Raises:
        UserError: a cell failed; fewer seeds than a gate of record has.
    """
    from nsca.gates.run import checked_cells, gate_of, run_gate

    asked = gate_of(cfg)
    if cfg.dry_run:
        cells = checked_cells(asked, cfg.quick)
        for cell in cells:
            settings = " ".join(f"{key}={value}" for key, value in cell.parameters.items())
            print(f"{cell.arm} seed={cell.seed} {settings}")
        print(f"{len(cells)} cells; passes when: {asked.criterion}")
        return None
    directory, verdict = run_gate(
        asked,
        str(cfg.gate._target_).split(".")[-2],
        cfg,
        quick=cfg.quick,
        workers=cfg.workers,
        outputs=Path(cfg.outputs),
    )
    print(f"{verdict.kind}: {verdict.text}")
    print(f"report: {directory / 'report.html'}")
    if verdict.passed:
        return Ended(directory, 0)
    return Ended(directory, SMOKE_CODE if cfg.quick else NOT_PASSED_CODE)


if __name__ == "__main__":
    launch("gate", gate)
