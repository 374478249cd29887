"""How long to wait before the next attempt to connect."""

from mqtt.backoff import Backoff


def within_a_quarter(ms, of):
    return of * 3 // 4 <= ms <= of * 5 // 4


def test_the_wait_doubles_up_to_the_most():
    backoff = Backoff(2000, 60000)
    for expected in (2000, 4000, 8000, 16000, 32000, 60000, 60000):
        assert within_a_quarter(backoff.next(), expected)


def test_waits_are_spread_over_the_quarter_below_and_above():
    waits = [Backoff(4000, 60000).next() for _ in range(200)]
    assert min(waits) < 3500 and max(waits) > 4500
    assert len(set(waits)) > 50


def test_a_connection_that_lasted_starts_the_wait_over():
    backoff = Backoff(2000, 60000)
    for _ in range(6):
        backoff.next()
    assert within_a_quarter(backoff.next(lasted=59999), 60000)
    assert within_a_quarter(backoff.next(lasted=60000), 2000)
    assert within_a_quarter(backoff.next(), 4000)


def test_a_connection_that_lasted_past_the_ticks_did_last():
    backoff = Backoff(2000, 60000)
    for _ in range(6):
        backoff.next()
    assert within_a_quarter(backoff.next(lasted=-1), 2000)  # what ticks_diff() makes of a week


def test_slow_is_the_longest_wait_at_once():
    backoff = Backoff(2000, 60000)
    assert within_a_quarter(backoff.next(slow=True), 60000)
    assert within_a_quarter(Backoff(2000, 60000).next(lasted=60000, slow=True), 60000)
