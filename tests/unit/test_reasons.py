"""What the reason of a lost or refused connection is in words, on each platform; never with a key or a signature."""

from mqtt.errors import ConnectionClosed, ConnectionRefused, SubscribeError, Timeout
from onenet.reasons import explain
from onenet.refused import _date
from onenet.token import token

KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
SIGN = "nikPkAUJR1Faj"
CURRENT = "studio", "dp"
NOW = 1800000000  # in 2027
OWN = "aBcDeF1234.mqtts.acc.cmcconenet.cn"


def config(**changes):
    given = {"device_name": "board1", "product_id": "aBcDeF1234", "device_key": KEY, "access_key": "", "token": ""}
    given.update(changes)
    return given


def token_until(end, resource="products/aBcDeF1234/devices/board1"):
    return config(device_key="", token=token(KEY, resource, str(end)))


def refused(code):
    error = ConnectionRefused()
    error.code = code
    return error


def words(platform, given=None, host=OWN, now=0, code=4):
    given = given or config()
    text = explain(platform, refused(code), given, host, now)
    assert KEY not in text and SIGN not in text and "sign" not in text
    return text


def test_a_refusal_tells_its_code():
    for code in (2, 4, 5):
        assert "device id, product id or auth-info refused (code %d)" % code in words("legacy", code=code)
        for platform in CURRENT:
            assert "device name, product id or key refused (code %d)" % code in words(platform, code=code)


def test_a_refusal_that_has_nothing_to_do_with_keys():
    for platform in ("legacy", "mqtt") + CURRENT:
        for code in (1, 3):
            assert explain(platform, refused(code), config(), OWN) is None


def test_a_broker_of_ones_own():
    for code in (4, 5):
        assert explain("mqtt", refused(code), {}, OWN) == "user name or password refused (code %d)" % code
    assert "another client_id in config.json" in explain("mqtt", refused(2), {}, OWN)
    assert "same client_id" in explain("mqtt", ConnectionClosed("by the server"), {}, OWN)
    assert "an MQTT broker at this port" in explain("mqtt", ConnectionClosed("by the server, before CONNACK"), {}, OWN)
    for words in (
        "by the server, asked for a WebSocket; is there one at this port?",
        "by the server, WebSocket code 1001",
    ):
        assert explain("mqtt", ConnectionClosed("by the server, " + words), {}, OWN) is None


def test_the_key_of_the_other_level_and_the_name():
    for platform in CURRENT:
        assert "is device_key this device's, and not the product's access_key?" in words(platform)
        assert "is access_key the product's" in words(platform, config(device_key="", access_key=KEY))
        assert "key that of its res, products/aBcDeF1234/devices/board1?" in words(platform, token_until(NOW))
        assert "called board1" in words(platform)


def test_when_the_token_ends_in_beijing_time():
    for platform in CURRENT:
        assert words(platform).endswith("The token lasts until 2100-01-01 08:00:00 in Beijing")  # the board's own
        assert "until 2027-01-15 16:00:00 in Beijing" in words(platform, token_until(NOW))
        assert "until 2209-06-27 02:12:10 in Beijing" in words(platform, token_until(7557387130))


def test_a_token_that_has_expired():
    for platform in CURRENT:
        text = words(platform, token_until(NOW), now=NOW + 1)
        assert text.endswith("(code 4): the token has expired, 2027-01-15 16:00:00 in Beijing")
        assert "expired" not in words(platform, token_until(NOW), now=NOW - 1)
        assert "expired" not in words(platform, token_until(NOW))  # what time it is nobody knows
        for end in ("1800000000000", "soon", ""):  # milliseconds, say: no time is made of that
            text = words(platform, token_until(end), now=NOW)
            assert text.endswith("the token has expired, 1970-01-01 08:00:00 in Beijing"), text


def test_a_token_that_is_odd():
    for odd in ("version=1&res=x&sign=nikPkAUJR1Faj", "version=1&res=x&et=soon&sign=nikPkAUJR1Faj&&=", "version="):
        assert "refused" in words("studio", config(device_key="", token=odd))


def test_a_host_of_another_generation():
    for platform in CURRENT:
        assert '"host" 183.230.40.39 is of another generation' in words(platform, host="183.230.40.39")
        assert "a host of their own" in words(platform, host="mqtts.heclouds.com")
        assert "host" not in words(platform)
    for host in (OWN, "mqtts.heclouds.com"):
        assert words("legacy", host=host).endswith('"host" is one of the current platform')
    assert '"platform": "studio", or "dp"' in words("legacy", host="183.230.40.39")


def test_dates():
    for seconds, text in (
        (0, "1970-01-01 08:00:00"),
        (951753599, "2000-02-28 23:59:59"),
        (951753600, "2000-02-29 00:00:00"),
        (951840000, "2000-03-01 00:00:00"),
        (1706673129, "2024-01-31 11:52:09"),
        (4107513600, "2100-03-01 00:00:00"),
        (4107542400, "2100-03-01 08:00:00"),
        (32472115200, "2999-01-01 00:00:00"),
    ):
        assert _date(seconds) == text + " in Beijing", seconds


def test_the_wrong_kind_of_product():
    error = SubscribeError("subscription refused: x")
    assert 'takes data streams, for it refuses thing/#: write "platform": "dp"' in explain("studio", error, {}, OWN)
    assert 'thing model, for it refuses cmd/request/+: write "platform": "studio"' in explain("dp", error, {}, OWN)
    for platform in ("legacy", "mqtt"):
        assert explain(platform, error, {}, OWN) is None


def test_a_connection_closed_by_the_platform():
    online, before = ConnectionClosed("by the server"), ConnectionClosed("by the server, before CONNACK")
    assert "same device id" in explain("legacy", online, {}, OWN)
    assert "form of device id or product id" in explain("legacy", before, {}, OWN)
    for platform in CURRENT:
        assert "same device logs in" in explain(platform, online, {}, OWN)
        assert "form of a name" in explain(platform, before, {}, OWN)


def test_no_words_for_anything_else():
    for platform in ("legacy", "mqtt") + CURRENT:
        for reason in (OSError(104), Timeout("no PINGRESP"), ValueError("x"), None):
            assert explain(platform, reason, {}, OWN) is None
