"""`python -m nsca.study study=<name>`: train and judge every condition of a study over its seeds.

A study is a file in `conf/study/`: a question, a prediction made before the run, conditions and
seeds. Its figures land in `experiments/<name>/`, and what is there is never run again.
"""

from pathlib import Path

from omegaconf import DictConfig

from nsca.verb import launch


def study(cfg: DictConfig) -> Path:
    """Run what is missing, then rewrite the table and the picture; returns the study's folder.

    Raises:
        UserError: when a job failed; the others are kept.
    """
    from nsca.studies.run import run_study

    return run_study(
        cfg.study, Path(cfg.experiments), Path(cfg.outputs), cfg.workers, cfg.seeds_at_once
    )


if __name__ == "__main__":
    launch("study", study)
