"""Every choice of conf/benchmark/ is a benchmark, and what is none is not taken for one."""

from hydra.utils import get_class
from omegaconf import OmegaConf

from nsca.benchmarks.benchmark import Benchmark
from nsca.benchmarks.visible_quantities import VisibleQuantities
from nsca.conf_folder import config_directory


def test_every_choice_says_what_it_judges_and_gives():
    kinds = [
        get_class(str(OmegaConf.load(file)["_target_"]))
        for file in (config_directory() / "benchmark").glob("*.yaml")
    ]
    assert len(kinds) >= 2
    for kind in kinds:
        assert callable(kind.judge)
        assert callable(kind.metrics)
        assert isinstance(kind.judges, frozenset)
        assert {"value"} <= set(kind.row.__dataclass_fields__)


def test_the_protocol_tells_a_benchmark_from_what_is_none():
    whole = VisibleQuantities(2, 2, [], [], 1, False, 0)
    assert isinstance(whole, Benchmark)
    assert not isinstance(object(), Benchmark)
