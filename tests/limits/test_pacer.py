"""The rate of one limit against a model of the server's bucket, in steps of a few milliseconds."""

import heapq
import random
from collections.abc import Callable

import pytest

from asyncgen.limits.pacer import Pace, SpendMark

DT = 0.005


class Bucket:
    """A limit a minute, granted from a bucket of `burst` seconds; what remains is told against the minute."""

    def __init__(self, per_minute: float, burst: float) -> None:
        self.limit, self._rate = per_minute, per_minute / 60
        self._capacity = max(1.0, self._rate * burst)
        self._level, self._at = self._capacity, 0.0
        self.granted = self.refused = 0.0

    def ask(self, amount: float, now: float) -> bool:
        """Whether it is granted."""
        self._level = min(self._capacity, self._level + (now - self._at) * self._rate)
        self._at = now
        if self._level < amount:
            return False
        self._level -= amount
        return True

    @property
    def remaining(self) -> float:
        """What the headers say."""
        return max(0.0, self.limit - (self._capacity - self._level))


class Window:
    """A limit a minute that is counted in windows, of the clock or from the first call of each."""

    def __init__(self, per_minute: float, *, of_the_clock: bool, begins: float = 0.0) -> None:
        self.limit = per_minute
        self._of_the_clock = of_the_clock
        self._began = -begins
        self._used = 0.0

    def ask(self, amount: float, now: float) -> bool:
        """Whether it is granted."""
        if now - self._began >= 60:
            self._began = now - (now - self._began) % 60 if self._of_the_clock else now
            self._used = 0.0
        if self._used + amount > self.limit:
            return False
        self._used += amount
        return True

    @property
    def remaining(self) -> float:
        """What the headers say."""
        return self.limit - self._used


class Client:
    """Sends as the pace says, hears of it after the latency, and pauses when refused."""

    def __init__(self, pace: Pace, bucket: Bucket | Window, *, latency: float = 0.2, charge: float = 1.0) -> None:
        self.pace, self.bucket, self._latency, self._charge = pace, bucket, latency, charge
        self._random = random.Random(3)
        self.sent: list[float] = []
        self.refusals: list[float] = []
        self._answers: list[tuple[float, int, SpendMark, float]] = []
        self._spent = self._purse = 0.0
        self._paused_until = 0.0

    def step(self, now: float, amounts: Callable[[], float] = lambda: 1.0) -> None:
        """Pass `DT`."""
        while self._answers and self._answers[0][0] <= now:
            _, _, mark, remaining = heapq.heappop(self._answers)
            self.pace.answered(now, mark, self.bucket.limit, remaining)
        rate = self.pace.rate(now)
        self._purse = min(self._purse + rate * DT, max(1.0, rate * 0.1))
        while now >= self._paused_until and self._purse >= (amount := amounts()):
            self._purse -= amount
            self._spent += amount
            self.pace.sent(amount, self._spent)
            mark = SpendMark(now, amount, self._spent)
            if self.bucket.ask(amount * self._charge, now):
                self.sent.append(now)
                arrival = now + self._latency * self._random.lognormvariate(0, 0.3)
                heapq.heappush(self._answers, (arrival, len(self.sent), mark, self.bucket.remaining))
            else:
                self.refusals.append(now)
                self.pace.answered(now, mark, self.bucket.limit, self.bucket.remaining)
                self.pace.refused(now, slow_down=False)
                self._paused_until = now + 0.25
                break

    def rate(self, start: float, end: float) -> float:
        """Calls a second that were granted in a span of time."""
        return sum(start <= at < end for at in self.sent) / (end - start)


def run(client: Client, seconds: float, others: Callable[[float], float] = lambda _now: 0.0) -> list[float]:
    """Pass time; somebody else takes `others(now)` a second. When that was refused."""
    owed, refused = 0.0, []
    for tick in range(int(seconds / DT)):
        now = tick * DT
        owed += others(now) * DT
        while owed >= 1:
            owed -= 1
            if not client.bucket.ask(1, now):
                refused.append(now)
        client.step(now)
    return refused


@pytest.mark.parametrize("burst", [1.0, 10.0, 60.0])
@pytest.mark.parametrize("latency", [0.05, 0.2, 1.0])
def test_a_limit_is_used_to_98_percent_with_hardly_a_refusal(burst, latency):
    """At 6,000 a minute for a minute, whatever bucket it is granted from."""
    client = Client(Pace(6000, None), Bucket(6000, burst), latency=latency)

    run(client, 60)

    assert len(client.sent) >= 0.98 * 6000
    assert len(client.refusals) <= 5


def test_the_burst_of_a_minutes_bucket_is_found_and_used():
    """1,500 calls at 500 a minute: a client that knew would take 120 s, one that does not burst 180 s."""
    client = Client(Pace(500, None), Bucket(500, 60.0))

    run(client, 132)

    assert len(client.sent) >= 1500
    assert len(client.refusals) <= 5


def test_a_bucket_of_a_second_is_found_out_at_the_cost_of_five_refusals():
    """The headers look the same; what is really granted shows at the first refusal, which is remembered."""
    client = Client(Pace(500, None), Bucket(500, 1.0))

    run(client, 180)

    assert 1 <= len(client.refusals) <= 5
    assert len(client.sent) >= 0.97 * 1500


def test_what_somebody_else_takes_is_left_to_them():
    """Another client takes half from second 20 to 40: together 95 %, few refusals, then all is used again."""
    client = Client(Pace(6000, None), Bucket(6000, 1.0))

    refused = run(client, 60, lambda now: 50.0 if 20 <= now < 40 else 0.0)

    assert client.rate(10, 20) > 98
    assert client.rate(22, 40) == pytest.approx(50, rel=0.08)
    assert client.rate(42, 60) > 96
    late = [at for at in refused + client.refusals if 22 <= at < 40]
    assert len(late) < 0.01 * 18 * 100


@pytest.mark.parametrize("of_the_clock", [True, False])
@pytest.mark.parametrize("limit", [20, 60, 3000])
@pytest.mark.parametrize("latency", [0.2, 2.0])
def test_a_limit_of_fixed_windows_is_used_to_95_percent(limit, latency, *, of_the_clock):
    """Nothing comes back before the window ends: that is no sign of somebody else."""
    window = Window(limit, of_the_clock=of_the_clock, begins=37.0 if of_the_clock else 0.0)
    client = Client(Pace(limit, None), window, latency=latency)

    run(client, 243)

    assert len(client.sent) >= 0.95 * 4 * limit
    assert len(client.refusals) <= 5


# Seconds of an answer and of its call, calls sent up to it, what remained: LiteLLM 1.108.7 with `rpm: 200` before
# an API that takes 2 s and scatters, from the first slow answer on.
LITELLM = (
    (3.1, 0.0, 5, 193), (3.4, 1.4, 9, 192), (3.8, 2.3, 11, 191), (4.3, 1.7, 10, 190), (4.4, 2.9, 12, 189),
    (5.1, 3.5, 13, 188), (6.1, 4.1, 14, 187), (6.8, 4.7, 15, 186), (7.2, 0.6, 7, 185), (9.7, 8.0, 17, 184),
    (11.3, 5.3, 16, 183), (11.8, 10.0, 20, 182), (12.0, 10.3, 21, 181), (12.4, 11.6, 26, 179),
)  # fmt: skip


def test_a_window_is_known_though_the_first_answers_come_in_any_order():
    """LiteLLM counts a call when it answers it: seen from its first answer alone, some of the limit came back."""
    pace = Pace(200, None, exact=True)

    for now, at, spent, remaining in LITELLM:
        pace.sent(1, spent)
        pace.answered(now, SpendMark(at, 1, spent), 200, remaining)

    assert pace.rate(LITELLM[-1][0]) > 200 / 60


class LateClient(Client):
    """The client of a window that counts calls when it answers them; eight are sent before it has told of it."""

    def __init__(self, limit: float, window: Window, latency: float, seed: int) -> None:
        super().__init__(Pace(limit, None, exact=True), window, latency=latency)
        self._random = random.Random(seed)
        self._told = False
        for _ in range(8):
            self._send(0.0)

    def step(self, now: float, _amounts: Callable[[], float] = lambda: 1.0) -> None:
        """Pass `DT`."""
        while self._answers and self._answers[0][0] <= now:
            _, number, mark, _ = heapq.heappop(self._answers)
            self.bucket.ask(1.0, now)
            if self._told and number > 8:
                self.pace.answered(now, mark, self.bucket.limit, self.bucket.remaining)
            self._told = True
        if self._told:
            rate = self.pace.rate(now)
            self._purse = min(self._purse + rate * DT, max(1.0, rate * 0.1))
        while self._purse >= 1:
            self._purse -= 1
            self._send(now)

    def _send(self, now: float) -> None:
        self._spent += 1
        self.pace.sent(1.0, self._spent)
        self.sent.append(now)
        arrival = now + self._latency * self._random.lognormvariate(0, 0.8)
        heapq.heappush(self._answers, (arrival, len(self.sent), SpendMark(now, 1.0, self._spent), 0.0))


@pytest.mark.parametrize(
    ("limit", "latency", "seed"), [(60, 0.5, 2), (200, 0.5, 1), (200, 0.5, 2), (200, 2.0, 1), (200, 2.0, 2)]
)
def test_a_window_that_counts_what_it_has_answered_is_used_to_95_percent(limit, latency, seed):
    """In the second and the third minute, and not beyond, however much the latencies scatter."""
    client = LateClient(limit, Window(limit, of_the_clock=True, begins=25.0), latency, seed)

    run(client, 155)

    assert 0.95 * limit <= 60 * client.rate(35, 95) <= 1.05 * limit
    assert 0.95 * limit <= 60 * client.rate(95, 155) <= 1.05 * limit


def test_what_is_granted_though_nothing_remains_does_not_seem_to_cost_nothing():
    """A limit that is told and not kept to: the rate stays, and is not twenty times as high."""
    pace = Pace(200, None)

    for tick in range(1, 200):
        pace.sent(1, tick)
        pace.answered(tick * 0.1 + 0.05, SpendMark(tick * 0.1, 1, tick), 200, 0)

    assert pace.rate(20.0) <= 200 / 60


@pytest.mark.parametrize("charge", [0.3, 0.7, 1.3])
def test_a_window_that_charges_otherwise_than_we_think_is_known_by_its_jump(charge):
    """As for tokens, of which the server counts what was really used."""
    client = Client(Pace(3000, None), Window(3000, of_the_clock=True), charge=charge)

    run(client, 240)

    assert client.rate(120, 240) >= 0.95 * 50 / charge
    assert len(client.refusals) <= 10


def test_what_somebody_else_takes_of_a_window_is_left_to_them():
    """20 of its 50 a second: the rest is used, and hardly anybody refused."""
    client = Client(Pace(3000, None), Window(3000, of_the_clock=True))

    refused = run(client, 240, lambda _now: 20.0)

    assert client.rate(120, 240) >= 0.93 * 30
    assert len(client.refusals) <= 30
    assert len(refused) <= 0.05 * 240 * 20


@pytest.mark.parametrize("charge", [0.3, 0.7, 1.3])
def test_a_server_that_charges_otherwise_than_we_think_is_used_fully(charge):
    """It refunds, or counts in another way: what remains tells."""
    client = Client(Pace(6000, None), Bucket(6000, 5.0), charge=charge)

    run(client, 60)

    assert client.rate(30, 60) == pytest.approx(100 / charge, rel=0.1)


def test_a_ceiling_of_the_user_is_kept_whatever_the_server_grants():
    """--rpm is at most, not about."""
    client = Client(Pace(3000, 3000), Bucket(6000, 60.0))

    run(client, 60)

    assert len(client.sent) <= 3000 + 1
    assert len(client.sent) >= 0.99 * 3000


@pytest.mark.parametrize("others", [0.0, 40.0, 60.0, 70.0, 72.0])
def test_a_ceiling_below_the_limit_is_reached_while_others_use_the_rest(others):
    """25 of 100 a second are wanted: what others take of the other 75 takes nothing of them."""
    client = Client(Pace(6000, 1500), Bucket(6000, 1.0))

    refused = run(client, 60, lambda _now: others)

    assert client.rate(10, 60) == pytest.approx(25, rel=0.03)
    assert len(refused + client.refusals) <= 0.005 * 60 * (25 + others)


@pytest.mark.parametrize(("burst", "bound"), [(1.0, False), (10.0, False), (60.0, True)])
@pytest.mark.parametrize("ceiling", [600, 1500, 3000])
def test_a_ceiling_is_reached_beside_a_client_that_takes_all_the_rest(burst, bound, ceiling):
    """The bucket hardly overflows, and everybody sees what the other takes."""
    bucket = Bucket(6000, burst)
    modest = Client(Pace(6000, ceiling), bucket)
    greedy = Client(Pace(6000, 6000 - ceiling if bound else None), bucket)

    for tick in range(int(120 / DT)):
        modest.step(tick * DT)
        greedy.step(tick * DT)

    assert modest.rate(20, 120) == pytest.approx(ceiling / 60, rel=0.03)
    assert len(modest.sent) + len(greedy.sent) >= 0.98 * 120 * 100
    assert len(modest.refusals + greedy.refusals) <= 0.005 * 120 * 100


def test_a_ceiling_gives_way_to_others_who_take_more_than_the_rest():
    """25 are wanted and 15 are left: these are used, and soon after the others are gone the ceiling is."""
    client = Client(Pace(6000, 1500), Bucket(6000, 1.0))

    refused = run(client, 60, lambda now: 85.0 if 20 <= now < 40 else 0.0)

    assert client.rate(25, 40) == pytest.approx(15, rel=0.15)
    assert client.rate(42, 60) == pytest.approx(25, rel=0.03)
    assert len(refused + client.refusals) <= 0.005 * (60 * 25 + 20 * 85)


@pytest.mark.parametrize("share", [0.01, 0.125, 0.5, 0.9])
@pytest.mark.parametrize("in_use", [0.0, 0.5, 1.0])
def test_a_share_is_used_whatever_others_do_with_the_rest(share, in_use):
    """Alone, or with the rest taken in part or whole; and it is never more."""
    client = Client(Pace(6000, None, share), Bucket(6000, 1.0))

    refused = run(client, 60, lambda _now: in_use * (1 - share) * 100)

    assert client.rate(10, 60) == pytest.approx(100 * share, rel=0.03)
    assert len(client.sent) <= 60 * 100 * share + 10
    assert len(refused + client.refusals) <= 0.005 * 60 * 100 * (share + in_use * (1 - share)) + 1


def test_a_share_may_change_at_any_time():
    """The next call is sent at the new rate."""
    pace = Pace(6000, 3000, 0.5)
    client = Client(pace, Bucket(6000, 10.0))

    run(client, 20)
    before = client.rate(10, 20)
    pace.share = 0.1

    assert before == pytest.approx(25, rel=0.02)
    assert (pace.rate(20.0), pace.allowance) == pytest.approx((5.0, 5.0))


def test_who_sends_less_than_the_limit_learns_nothing_of_what_a_call_is_charged():
    """An overflowing bucket is no refund: when the ceiling goes, the rate is that of the limit."""
    pace = Pace(6000, None, 0.9)
    client = Client(pace, Bucket(6000, 1.0))

    run(client, 30)
    pace.share = 1.0

    assert pace.rate(30.0) <= 1.5 * 100


def test_a_header_below_the_preset_lowers_the_rate():
    """Presets age; the server knows."""
    client = Client(Pace(60_000, None), Bucket(600, 60.0))

    run(client, 30)

    assert client.rate(20, 30) < 30
    assert len(client.refusals) <= 30


def test_without_headers_refusals_lower_the_rate_and_time_brings_it_back():
    """Nothing is known but the refusals."""
    pace = Pace(600, None)
    assert pace.rate(0) == 10

    pace.refused(1.0, slow_down=False)
    assert pace.rate(1.0) == pytest.approx(8)
    pace.refused(1.0, slow_down=False)
    assert pace.rate(1.0) == pytest.approx(6.4)

    assert 6.4 < pace.rate(3.0) < 10
    assert pace.rate(10.0) == 10


def test_slow_down_is_kept_for_a_quarter_of_an_hour():
    """The API's rule: back to a lower rate, stay there for 15 minutes, then come back gradually."""
    pace = Pace(600, None)

    pace.refused(0.0, slow_down=True)

    assert pace.rate(890.0) == pytest.approx(8)
    assert 8 < pace.rate(901.0) < 10
    assert pace.rate(1000.0) == 10
