"""A job of a few-shot study really runs, says where it comes from, and fails alone."""

from types import SimpleNamespace

from nsca.benchmarks import few_shot_arms, few_shot_learning
from nsca.benchmarks.few_shot_learning import Recipe, Shown
from nsca.benchmarks.few_shot_setting import Setting
from nsca.job_table import Job
from nsca.studies import few_shot_trials
from nsca.studies.few_shot_trials import ORIGIN, Seeds, Trial, try_arm, try_seeds

ARM = "nsca.benchmarks.few_shot_arms"
RECIPE = Recipe(steps=2, batch=8, members=2, width=8, contribution=1e-3, learning_rate=3e-3)
WARPED = {"_target_": f"{ARM}.Baseline", "agent": "warped"}
NO_PRIOR = {"_target_": "nsca.priors.none.NoPrior"}
IMAGINING = {"_target_": f"{ARM}.Imagining", "prior": NO_PRIOR, "weight": 0.0}


def trial(arm: dict, seed: int = 0, leave_out: str = "^$") -> Trial:
    return Trial(Job("push-v3/1/arm", seed), arm, Setting("push-v3"), 1, RECIPE, 2, leave_out)


def seeds(count: int) -> Seeds:
    return Seeds([trial(IMAGINING, seed) for seed in range(count)])


def test_a_job_runs_and_says_where_it_comes_from(tmp_path):
    outcome = try_arm(trial(WARPED), tmp_path / "logs" / "push-v3" / "1" / "warped.log")
    assert outcome.error is None
    assert 0 <= outcome.metrics["success"] <= 1
    assert 0 < outcome.metrics["expert_success"] <= 1
    assert set(outcome.origin) == set(ORIGIN)


def test_figures_left_out_are_not_kept(tmp_path):
    leave_out = "/arm expert_success$| attempts$|/none success$"
    outcome = try_arm(trial(WARPED, leave_out=leave_out), tmp_path / "log")
    assert set(outcome.metrics) == {"success"}


def test_where_an_arm_keeps_its_files_changes_no_figure():
    sac = {"_target_": "nsca.benchmarks.reinforcement.Reinforcement", "algorithm": "sac"}
    here, there = (trial({**sac, "home": home}).settings for home in ("outputs/x", "/scratch/x"))
    assert here == there
    assert here != trial({**sac, "home": "outputs/x", "algorithm": "ppo"}).settings


def test_a_job_that_fails_says_so_and_leaves_its_traceback(tmp_path):
    log = tmp_path / "log"
    outcome = try_arm(trial({**WARPED, "agent": "nobody"}), log)
    assert outcome.origin is None
    assert "nobody" in outcome.error
    assert "Traceback" in log.read_text()


def test_seeds_share_the_time_in_which_they_learn_at_once(demonstrated, tmp_path, monkeypatch):
    clock = [0.0]
    learn_seeds, act = few_shot_learning.learn_seeds, few_shot_learning.act

    def slow(function, seconds):
        def slowed(*arguments):
            clock[0] += seconds
            return function(*arguments)

        return slowed

    monkeypatch.setattr(few_shot_arms, "learn_seeds", slow(learn_seeds, 30.0))
    monkeypatch.setattr(few_shot_learning, "act", slow(act, 1.0))
    monkeypatch.setattr(few_shot_trials, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    outcomes = try_seeds(seeds(3), tmp_path / "log")
    assert [outcome.job.seed for outcome in outcomes] == [0, 1, 2]
    assert [outcome.origin["seconds"] for outcome in outcomes] == ["11.0"] * 3


def test_a_seed_that_cannot_be_learned_from_fails_alone(demonstrated, tmp_path, monkeypatch, capfd):
    record = few_shot_trials.record

    def record_none_of_the_second(setting, count, seed) -> Shown:
        return Shown([], []) if seed == 1 else record(setting, count, seed)

    monkeypatch.setattr(few_shot_trials, "record", record_none_of_the_second)
    outcomes = try_seeds(seeds(3), tmp_path / "log")
    assert [outcome.error is None for outcome in outcomes] == [True, False, True]
    assert "one by one now" in capfd.readouterr().err
    assert "Traceback" in (tmp_path / "log").read_text()


def test_what_fails_while_one_seed_acts_leaves_the_others(demonstrated, tmp_path, monkeypatch):
    judge = few_shot_arms.Imagining.judge

    def fall(self, phase, shown, setting, seed, episodes):
        if seed == 1:
            raise RuntimeError("fell")
        return judge(self, phase, shown, setting, seed, episodes)

    monkeypatch.setattr(few_shot_arms.Imagining, "judge", fall)
    outcomes = try_seeds(seeds(3), tmp_path / "log")
    assert [outcome.error for outcome in outcomes] == [None, "RuntimeError: fell", None]
    assert demonstrated == [[0, 1, 2]]
