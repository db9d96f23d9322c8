"""Numbers of a process: each `Metrics` for itself."""

from core.metrics import Metrics


def test_two_processes_worth_of_metrics_do_not_meet() -> None:
    first, second = Metrics(), Metrics()
    first.counter("pdev_things_total", "Things", ["kind"]).labels("a").inc()
    assert 'pdev_things_total{kind="a"} 1.0' in first.render().decode()
    assert "pdev_things_total" not in second.render().decode()


def test_asking_twice_gives_the_same_metric() -> None:
    metrics = Metrics()
    for _ in range(2):
        metrics.counter("pdev_things_total", "Things").inc()
        metrics.gauge("pdev_level", "Level").inc()
        metrics.seconds("pdev_call_seconds", "Time").observe(0.02)
    shown = metrics.render().decode()
    assert "pdev_things_total 2.0" in shown
    assert "pdev_level 2.0" in shown
    assert "pdev_call_seconds_count 2.0" in shown
