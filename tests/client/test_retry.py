"""What follows a failed attempt: a table, and the bounds that hold whatever comes."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncgen.client.classify import Action, Failure
from asyncgen.client.retry import Decision, GiveUp, Pause, Retries, RetryAfter, Stop

COUNTING = [action for action in Action if action not in {Action.WAIT, Action.ELSEWHERE}]


def full() -> float:
    """A draw that makes each backoff as long as it can be."""
    return 1.0


def failure(action: Action, retry_after: float | None = None) -> Failure:
    """A failure that calls for an action."""
    return Failure("some_kind", action, retry_after=retry_after)


def decisions(
    *actions: Action, max_attempts: int = 6, draw: Callable[[], float] = full
) -> tuple[list[Decision], int]:
    """What follows each of these failures of one call, and how many of them counted."""
    retries = Retries(max_attempts, draw)
    return [retries.after(failure(action)) for action in actions], retries.counted


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        (Action.WAIT, [Pause()] * 50),
        (Action.RETRY, [RetryAfter(0.5), RetryAfter(1), RetryAfter(2), RetryAfter(4), RetryAfter(8), GiveUp()]),
        (Action.ASK_AGAIN, [RetryAfter(0.5), RetryAfter(1), GiveUp()]),
        (Action.GIVE_UP, [GiveUp()]),
        (Action.STOP, [Stop()]),
        (Action.STOP_IF_REPEATED, [RetryAfter(0.5), Stop()]),
    ],
    ids=lambda value: value.name if isinstance(value, Action) else None,
)
def test_the_same_failure_again_and_again_ends_as_the_table_says(action: Action, expected: list[Decision]) -> None:
    """With six attempts and the longest backoffs."""
    assert decisions(*[action] * len(expected))[0] == expected


@given(max_attempts=st.integers(1, 40))
def test_a_call_is_sent_at_most_max_attempts_times(max_attempts: int) -> None:
    """The failure of the last attempt is the last word."""
    decided, counted = decisions(*[Action.RETRY] * max_attempts, max_attempts=max_attempts)
    assert [type(decision) for decision in decided] == [RetryAfter] * (max_attempts - 1) + [GiveUp]
    assert counted == max_attempts


@given(kinds=st.lists(st.sampled_from([Action.RETRY, Action.ASK_AGAIN]), min_size=1), attempts=st.integers(1, 8))
def test_unusable_answers_and_errors_share_the_attempts(kinds: list[Action], attempts: int) -> None:
    """Given up at the last attempt or at the third unusable answer, whichever is first, and not before."""
    decided, _ = decisions(*kinds, max_attempts=attempts)
    first = next((place for place, decision in enumerate(decided, 1) if decision == GiveUp()), None)
    last_attempt = attempts if len(kinds) >= attempts else None
    unusable = [place for place, kind in enumerate(kinds, 1) if kind is Action.ASK_AGAIN]
    third = unusable[2] if len(unusable) >= 3 else None
    assert first == min((place for place in (last_attempt, third) if place), default=None)


@given(kinds=st.lists(st.sampled_from(COUNTING), max_size=5), waits=st.lists(st.integers(0, 3), min_size=6))
def test_refusals_for_rate_or_overload_never_count(kinds: list[Action], waits: list[int]) -> None:
    """Put anywhere between the others, they change nothing of what follows those."""
    mixed = [action for kind, n in zip(kinds, waits, strict=False) for action in (*[Action.WAIT] * n, kind)]
    decided, counted = decisions(*mixed)
    assert ([d for d in decided if not isinstance(d, Pause)], counted) == decisions(*kinds)


@given(kinds=st.lists(st.sampled_from(COUNTING), max_size=5), elsewhere=st.lists(st.integers(0, 3), min_size=6))
def test_failures_of_an_endpoint_that_is_ill_never_count(kinds: list[Action], elsewhere: list[int]) -> None:
    """They are sent again at once, and change nothing of what follows the others."""
    mixed = [
        action for kind, n in zip(kinds, elsewhere, strict=False) for action in (*[Action.ELSEWHERE] * n, kind)
    ]
    decided, counted = decisions(*mixed)
    kept = [d for d, action in zip(decided, mixed, strict=True) if action is not Action.ELSEWHERE]
    assert (kept, counted) == decisions(*kinds)
    assert all(
        d == RetryAfter(0.0) for d, action in zip(decided, mixed, strict=True) if action is Action.ELSEWHERE
    )


def test_a_pause_lasts_as_long_as_the_server_says() -> None:
    """The time of the answer is handed on."""
    assert Retries(1).after(failure(Action.WAIT, 7.5)) == Pause()


def test_a_backoff_lasts_as_long_as_the_server_says() -> None:
    """No jitter then: the server has said when."""
    assert Retries(6, full).after(failure(Action.RETRY, 7.5)) == RetryAfter(7.5)


def test_a_server_that_asks_for_no_wait_does_not_use_up_all_attempts_at_once() -> None:
    """Some servers round their wait down to nothing: the own backoff is the least."""
    retries = Retries(4, full)
    decided = [retries.after(failure(Action.RETRY, asked)) for asked in (0.0, 0.25, 3.0, 0.0)]
    assert decided == [RetryAfter(0.5), RetryAfter(1.0), RetryAfter(3.0), GiveUp()]


def test_one_rejected_key_is_tried_once_more_whatever_came_between() -> None:
    """The second 401 of a call stops the run, though another error was between them."""
    decided, _ = decisions(Action.STOP_IF_REPEATED, Action.RETRY, Action.STOP_IF_REPEATED)
    assert decided == [RetryAfter(0.5), RetryAfter(1.0), Stop()]


def test_a_stop_stops_after_any_attempt() -> None:
    """Quota ends the run at the fifth attempt as at the first."""
    assert decisions(*[Action.RETRY] * 4, Action.STOP)[0][-1] == Stop()


@given(draw=st.floats(0, 1, exclude_max=True), attempt=st.integers(1, 40))
def test_the_jitter_is_full_and_the_backoff_is_capped(draw: float, attempt: int) -> None:
    """From nothing to half a second, doubled with each attempt, to at most a minute."""
    decided, _ = decisions(*[Action.RETRY] * attempt, max_attempts=50, draw=lambda: draw)
    assert decided[-1] == RetryAfter(pytest.approx(draw * min(60, 0.5 * 2 ** (attempt - 1))))


def test_without_a_given_draw_the_jitter_is_random() -> None:
    """Calls that failed together do not come back together, and none later than half a second."""
    backoffs = {
        decision.backoff
        for _ in range(50)
        if isinstance(decision := Retries(6).after(failure(Action.RETRY)), RetryAfter)
    }
    assert len(backoffs) > 40
    assert 0 <= min(backoffs) < 0.25 < max(backoffs) <= 0.5


def test_thousands_of_attempts_are_fine() -> None:
    """The doubling does not run out of the range of floats."""
    decided, _ = decisions(*[Action.RETRY] * 2000, max_attempts=2000)
    assert decided[-2:] == [RetryAfter(60.0), GiveUp()]


def test_a_call_that_is_refused_again_and_again_while_others_pass_is_poison() -> None:
    """Given up when that cannot be chance: the sooner, the rarer the others are refused."""
    assert refusals_borne(odds=0.01) == refusals_borne(odds=0.25) == 15
    assert refusals_borne(odds=0.5) == 30
    assert refusals_borne(odds=0.9) == 197


def test_as_long_as_nobody_is_answered_a_refusal_speaks_against_nobody() -> None:
    """A storm is no poison, however long it lasts."""
    assert refusals_borne(odds=1.0) is None


def refusals_borne(odds: float) -> int | None:
    """With which refusal a call is given up, of a thousand."""
    retries = Retries(6)
    for number in range(1, 1001):
        if retries.after(failure(Action.WAIT), odds) == GiveUp():
            return number
    return None
