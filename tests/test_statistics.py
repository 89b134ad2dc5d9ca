import math

import numpy as np
import pytest
from scipy import stats

from nsca.statistics import (
    cohens_d_pooled,
    cohens_d_z,
    detectable_effect,
    detectable_effect_unpaired,
    holm,
    mean_and_standard_error,
    mean_interval,
    paired_difference,
    share_interval,
)


def test_mean_and_standard_error_by_hand():
    mean, error = mean_and_standard_error([1.0, 2.0, 3.0])
    assert mean == 2.0
    assert error == pytest.approx(1 / math.sqrt(3))


def test_one_value_has_no_error_and_none_is_refused():
    assert math.isnan(mean_and_standard_error([1.0])[1])
    with pytest.raises(ValueError, match="no values"):
        mean_and_standard_error([])


def test_mean_interval_by_hand():
    # t of 2 degrees of freedom at 97.5 % is 4.3027
    low, high = mean_interval([1.0, 2.0, 3.0])
    assert (low, high) == pytest.approx(
        (2 - 4.3027 / math.sqrt(3), 2 + 4.3027 / math.sqrt(3)), 1e-4
    )
    assert mean_interval([1.0]) == (-math.inf, math.inf)


def test_both_effect_sizes_by_hand():
    # Differences 1, 2, 3: mean 2, deviation 1. Groups: means 4 and 2, variances 4 and 1.
    condition, reference = [2.0, 4.0, 6.0], [1.0, 2.0, 3.0]
    assert cohens_d_z(condition, reference) == pytest.approx(2.0)
    assert cohens_d_pooled(condition, reference) == pytest.approx(2 / math.sqrt(2.5))
    assert paired_difference(condition, reference).cohens_d == pytest.approx(2.0)


def test_effect_sizes_of_groups_of_different_size():
    # squares about the means: 2 and 0.5, over 3 + 2 - 2 degrees of freedom
    assert cohens_d_pooled([1.0, 2.0, 3.0], [0.0, 1.0]) == pytest.approx(1.5 / math.sqrt(2.5 / 3))


def test_effect_sizes_without_spread_are_undefined():
    assert math.isnan(cohens_d_z([2.0, 3.0], [1.0, 2.0]))
    assert math.isnan(cohens_d_z([2.0], [1.0]))
    assert math.isnan(cohens_d_pooled([2.0, 2.0], [1.0, 1.0]))
    with pytest.raises(ValueError, match="both groups"):
        cohens_d_pooled([], [1.0])
    with pytest.raises(ValueError, match="not paired"):
        cohens_d_z([1.0, 2.0], [1.0])
    with pytest.raises(ValueError, match="no pairs"):
        cohens_d_z([], [])


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


def test_unpaired_power_against_published_tables():
    # Cohen 1988, table 2.4.1 (two-sided 0.05, power 0.80): d = 0.8 needs 26 a group, 0.5 needs 64
    assert detectable_effect_unpaired(20) == pytest.approx(0.909, abs=0.001)
    assert detectable_effect_unpaired(26) == pytest.approx(0.8, abs=0.01)
    assert detectable_effect_unpaired(64) == pytest.approx(0.5, abs=0.005)


def test_the_detectable_effect_is_detected_at_the_asked_rate():
    rng = np.random.default_rng(3)
    d = detectable_effect_unpaired(8)
    drawn = rng.normal(size=(4000, 2, 8))
    p = stats.ttest_ind(drawn[:, 0] + d, drawn[:, 1], axis=1).pvalue
    assert (p < 0.05).mean() == pytest.approx(0.8, abs=0.025)


@pytest.mark.parametrize("function", [detectable_effect, detectable_effect_unpaired])
def test_one_seed_has_no_power(function):
    with pytest.raises(ValueError, match="at least two"):
        function(1)


def test_a_share_has_wilsons_interval():
    low, high = share_interval(0.8, 10)
    assert (low, high) == pytest.approx((0.4902, 0.9433), abs=1e-4)  # Wilson 1927, by hand
    assert share_interval(1.0, 50) == pytest.approx((0.9287, 1.0), abs=1e-4)
    assert share_interval(0.0, 50)[1] > 0.07
    with pytest.raises(ValueError, match="no share"):
        share_interval(1.2, 10)
    with pytest.raises(ValueError, match="no share"):
        share_interval(0.5, 0)
