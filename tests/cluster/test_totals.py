"""The samples of shards, added up."""

from dataclasses import replace

from asyncgen.cluster.messages import ShardSample
from asyncgen.cluster.shard_job import ShardEnded
from asyncgen.cluster.totals import Totals
from asyncgen.events import EndpointUse, LimitUse

from .helpers import report, sample


def test_counts_of_all_shards_are_one_run():
    """What is growing is added over all, what is of the moment over those at work."""
    totals = Totals({1: 10, 2: 10, 3: 5}, {1: (10, 1), 2: (0, 0), 3: (0, 0)})
    two = report(2, done=4, failed=1, total=10, calls=12, in_flight=3, oldest=2.0, cost=0.5)
    three = report(3, worker=1, done=1, total=5, calls=6, in_flight=2, oldest=5.0, cost=0.25)
    for one in (two, three):
        totals.take(one)

    found = totals.sample([two, three])

    assert (found.done, found.failed, found.total) == (15, 2, 25)
    assert (found.calls, found.in_flight, found.oldest, found.cost) == (18, 5, 5.0, 0.75)


def test_rows_of_the_shard_before_count_as_they_are_done():
    """Its worker reports them with those of the next one; what is of the moment stands in the newer one alone."""
    totals = Totals({1: 10, 2: 10}, {1: (0, 0), 2: (0, 0)})
    former = ShardSample(1, "one", sample(done=7, failed=1, total=10, calls=9, in_flight=4))
    newest = replace(report(2, session="two", done=1, total=10, calls=2, in_flight=4), former=former)

    totals.take(newest)

    found = totals.sample([newest])
    assert (found.done, found.failed, found.calls, found.in_flight) == (8, 1, 11, 4)


def test_calls_of_a_process_that_died_still_count_and_its_pairs_do_not_count_twice():
    """Its successor counts calls from zero, and pairs from the checkpoint."""
    totals = Totals({1: 10}, {1: (0, 0)})
    totals.take(report(1, session="dead", done=6, total=10, calls=20))
    totals.take(report(1, session="next", done=5, total=10, calls=3))

    found = totals.sample([])

    assert (found.done, found.calls) == (5, 23)


def test_a_repair_within_a_shard_does_not_set_the_count_of_pairs_back():
    """Its sample counts the pairs that are asked again."""
    totals = Totals({1: 10}, {1: (0, 0)})
    totals.take(report(1, done=10, failed=2, total=10))
    totals.take(report(1, done=1, total=2))
    assert (totals.sample([]).done, totals.sample([]).failed) == (10, 2)
    totals.end(ShardEnded(1, report(1, done=1, total=2)))
    assert (totals.sample([]).done, totals.sample([]).failed) == (10, 1)


def test_a_repair_of_all_pairs_of_a_shard_does_not_set_the_count_back_either():
    """It has as many pairs as the shard."""
    totals = Totals({1: 10, 2: 10}, {1: (10, 10), 2: (0, 0)})
    totals.take(report(1, done=1, total=10))
    totals.take(report(2, done=3, failed=1, total=10))
    assert (totals.sample([]).done, totals.sample([]).failed) == (13, 11)
    totals.end(ShardEnded(4, report(1, done=10, failed=4, total=10)))
    assert (totals.sample([]).done, totals.sample([]).failed) == (13, 5)


def test_what_the_desk_still_has_of_a_shard_that_has_ended_changes_nothing():
    """Its worker may not have reported anything else since."""
    totals = Totals({1: 10}, {1: (0, 0)})
    totals.end(ShardEnded(0, report(1, done=10, total=10, calls=30)))
    stale = report(1, done=7, total=10, calls=21, in_flight=4)
    totals.take(stale)
    found = totals.sample([stale])
    assert (found.done, found.calls, found.in_flight) == (10, 30, 0)


def test_the_limit_is_what_all_may_use_together_also_between_two_shards():
    """Each sample has its worker's share of it."""
    totals = Totals({1: 10, 2: 10}, {})
    reports = [
        report(number, worker=number, concurrency=4, limits=(LimitUse("requests", per_minute, spent),))
        for number, per_minute, spent in ((1, 4000.0, 40.0), (2, 2000.0, 20.0))
    ]
    for one in reports:
        totals.take(one)
    expected = (LimitUse("requests", 6000.0, 60.0),)
    assert totals.sample(reports).limits == expected
    first, second = reports
    for live in ([], [first, replace(second, shard=3, sample=None)]):
        found = totals.sample(live)
        assert (found.limits, found.concurrency) == (expected, 8)
    found = totals.sample([first])
    assert (found.limits, found.concurrency) == ((LimitUse("requests", 4000.0, 60.0),), 4), "the other has left"


def test_each_endpoint_has_limits_of_its_own():
    """What all use of it, and it is out only when it is so for all."""
    totals = Totals({1: 10, 2: 10}, {})
    reports = [
        report(
            number,
            worker=number,
            limits=(LimitUse("requests", 1000.0, 4.0, "a"), LimitUse("requests", 200.0, 1.0, "b")),
            endpoints=(EndpointUse("a", 2, 8, None, None, False), EndpointUse("b", 1, 4, None, out, False)),
        )
        for number, out in ((1, "quota"), (2, None))
    ]
    for one in reports:
        totals.take(one)
    found = totals.sample(reports)
    assert found.limits == (LimitUse("requests", 2000.0, 8.0, "a"), LimitUse("requests", 400.0, 2.0, "b"))
    assert found.endpoints == (
        EndpointUse("a", 4, 16, None, None, False),
        EndpointUse("b", 2, 8, None, None, False),
    )


def test_rows_that_heal_do_not_hide_those_that_fail_now():
    """A shard repairs at its end what failed in earlier starts."""
    totals = Totals({1: 10, 2: 10}, {1: (10, 3), 2: (4, 2)})
    totals.end(ShardEnded(0, report(1, done=3, total=3)))
    totals.take(report(2, done=8, failed=5, total=10))
    assert totals.of_this_start() == (3, 4)
    totals.end(ShardEnded(4, report(2, session="two", done=2, total=2)))
    assert totals.of_this_start() == (3, 6)


def test_rows_that_a_process_took_with_it_have_neither_ended_nor_failed():
    """Its successor begins at the checkpoint."""
    totals = Totals({1: 100}, {1: (0, 0)})
    totals.take(report(1, done=60, failed=30, total=100))
    totals.take(report(1, session="two", done=20, failed=0, total=100))
    assert totals.of_this_start() == (0, 20)
