import math

import numpy as np
import pytest
from scipy import stats

from nsca.statistics import detectable_effect, holm, mean_and_standard_error, paired_difference


def test_mean_and_standard_error_by_hand():
    mean, error = mean_and_standard_error([1.0, 2.0, 3.0])
    assert mean == 2.0
    assert error == pytest.approx(1 / math.sqrt(3))


def test_one_value_has_no_error_and_none_is_refused():
    assert math.isnan(mean_and_standard_error([1.0])[1])
    with pytest.raises(ValueError, match="no values"):
        mean_and_standard_error([])


def test_paired_difference_equals_scipys_paired_test():
    rng = np.random.default_rng(0)
    reference = rng.normal(size=12)
    condition = reference + 0.5 + 0.2 * rng.normal(size=12)
    ours = paired_difference(condition.tolist(), reference.tolist())
    theirs = stats.ttest_rel(condition, reference)
    assert ours.p_value == pytest.approx(theirs.pvalue)
    interval = theirs.confidence_interval(0.95)
    assert (ours.low, ours.high) == pytest.approx((interval.low, interval.high))
    assert ours.verdict == "better"
    assert ours.bootstrap_low < ours.mean < ours.bootstrap_high


def test_pairing_matters():
    reference = [0.1, 0.5, 0.9, 0.3]
    condition = [value + 0.01 for value in reference]
    assert paired_difference(condition, reference).verdict == "better"
    assert paired_difference(condition, reference[::-1]).verdict == "no difference seen"


def test_verdict_is_worse_below_zero_and_silent_with_one_seed():
    assert paired_difference([1.0, 1.1, 0.9], [2.0, 2.2, 2.1]).verdict == "worse"
    assert paired_difference([1.0], [0.0]).verdict == "no difference seen"


def test_unpaired_lengths_are_refused():
    with pytest.raises(ValueError, match="not paired"):
        paired_difference([1.0], [1.0, 2.0])


def test_t_interval_covers_at_its_rate_with_three_seeds():
    rng = np.random.default_rng(1)
    covered = sum(
        (difference := paired_difference(rng.normal(size=3).tolist(), [0.0] * 3, resamples=1)).low
        <= 0
        <= difference.high
        for _ in range(400)
    )
    assert 0.91 <= covered / 400 <= 0.985


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.9, 0.9]) == [1.0, 1.0]
    with pytest.raises(ValueError, match="not p-values"):
        holm([float("nan")])


def test_twenty_pairs_detect_a_medium_effect_and_three_only_a_huge_one():
    assert detectable_effect(20) == pytest.approx(0.66, abs=0.02)
    assert detectable_effect(3) > 3
