"""The small babbling set of tests/data, for benchmarks that judge on babbling."""

from data.conftest import pristine_set

__all__ = ["pristine_set"]
