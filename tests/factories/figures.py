"""What the counters of this process say."""

from collections.abc import Callable

from faded_skies.platform.metrics import REGISTRY

Grown = Callable[[], dict[tuple[str, ...], int]]


def watch_counter(name: str) -> Grown:
    """Return what tells by how much a counter's series have grown since, by their labels as sorted by name."""
    before = _read(name)
    return lambda: {
        labels: int(value - before.get(labels, 0))
        for labels, value in _read(name).items()
        if value != before.get(labels, 0)
    }


def _read(name: str) -> dict[tuple[str, ...], float]:
    return {
        tuple(value for _, value in sorted(sample.labels.items())): sample.value
        for family in REGISTRY.collect()
        for sample in family.samples
        if sample.name == name
    }
