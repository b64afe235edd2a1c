from __future__ import annotations

import pytest

from appliance.serving.throttle import READING_RATE, ByteShares, DownloadLimiter, TokenBucket, client_of


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def test_bucket_over_an_hour_gives_its_rate():
    clock = Clock()
    bucket = TokenBucket(1000, 4000, clock)
    out = 0
    while clock.now < 3600:
        if bucket.delay() == 0:
            bucket.take(700)
            out += 700
        else:
            clock.now += bucket.delay()
    assert 1000 * 3600 <= out <= 1000 * 3600 + 4000 + 700


def test_bucket_after_overdraft_waits_until_it_is_paid_back():
    clock = Clock()
    bucket = TokenBucket(100, 100, clock)
    bucket.take(300)
    assert bucket.delay() == pytest.approx(2.01)
    clock.now += bucket.delay()
    assert bucket.delay() == 0


def test_bucket_after_a_pause_holds_no_more_than_its_burst():
    clock = Clock()
    bucket = TokenBucket(100, 50, clock)
    clock.now += 1000
    bucket.take(50)
    assert bucket.delay() > 0


@pytest.mark.parametrize(("rate", "burst"), [(0, 1), (1, 0), (-1, 5)])
def test_bucket_without_rate_or_burst_is_refused(rate, burst):
    with pytest.raises(ValueError, match="positive"):
        TokenBucket(rate, burst)


def test_limiter_same_client_shares_a_bucket():
    limiter = DownloadLimiter(1, 1)
    assert limiter.bucket("192.168.1.5") is limiter.bucket("::ffff:192.168.1.5")
    assert limiter.bucket("fe80::1%eth0") is limiter.bucket("FE80:0::1")
    assert limiter.bucket("192.168.1.5") is not limiter.bucket("192.168.1.6")


def test_limiter_many_clients_stays_bounded_and_keeps_the_recent():
    limiter = DownloadLimiter(1, 1, clients=10)
    kept = limiter.bucket("10.0.0.1")
    for i in range(100):
        limiter.bucket(f"10.1.0.{i}")
        assert limiter.bucket("10.0.0.1") is kept
    assert len(limiter._buckets) == 10


def test_shares_of_reading_are_apart_and_never_below_what_playing_needs():
    shares = ByteShares(1000)
    saved, read = shares.bucket("mark a", download=True), shares.bucket("mark a", download=False)
    saved.take(1 << 40)
    assert saved.delay() > 1000
    assert read.delay() == 0
    read.take(17 << 20)
    assert read.delay() <= (17 << 20) / READING_RATE
    assert shares.bucket("mark b", download=True).delay() == 0
    assert shares.bucket("mark a", download=True) is saved


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("unix", "unix"),
        ("192.168.1.5", "192.168.1.5"),
        ("::ffff:192.168.1.5", "192.168.1.5"),
        ("fe80::1%eth0", "fe80::1"),
        ("fd00:1:2:3::1", "fd00:1:2:3::1"),
        ("", ""),
    ],
)
def test_client_of_table(address, client):
    assert client_of(address) == client
