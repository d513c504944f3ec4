"""Why more GPUs help less and less: Amdahl's law, the pipeline's bubble, the batch that fills a GPU."""

from __future__ import annotations

from collections.abc import Mapping


def amdahl(parallel: float, workers: int) -> float:
    """How many times faster `workers` are when this share of the work can be split.

    >>> round(amdahl(0.95, 8), 2)
    5.93
    """
    return 1.0 / ((1.0 - parallel) + parallel / workers)


def parallel_share(times: Mapping[int, float]) -> float:
    """The share of the single-GPU time that splits, from the fewest and the most GPUs of a scaling table."""
    few, many = min(times), max(times)
    split = (times[few] - times[many]) / (1 / few - 1 / many)
    return split / (split + times[few] - split / few)


def explained(times: Mapping[int, float]) -> dict[int, float]:
    """The table as one part that splits and one that does not would have it: same unit as given."""
    share, few = parallel_share(times), min(times)
    alone = times[few] * amdahl(share, few)
    return {count: alone / amdahl(share, count) for count in times}


def bubble(stages: int, microbatches: int) -> float:
    """Idle time of a pipeline over its useful time: (p - 1) / m (GPipe, arXiv 1811.06965)."""
    return (stages - 1) / microbatches


def utilisation(batch: float, alone: float) -> float:
    """How busy a GPU is at this batch when one conversation alone keeps it busy by `alone`: both bounds add up."""
    half = 1.0 / alone - 1.0
    return batch / (batch + half)
