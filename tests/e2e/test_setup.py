"""A board that nobody has set up, and a phone: from no Wi-Fi, by way of the board's own access point and its page, to
online, with curl as the phone's browser; what goes wrong on that way; and whoever is not a person with a phone."""

import contextlib
import gzip
import json
import random
import re
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import ADDRESS, AUTH_INFO, MAIN, PATIENCE, PRODUCT_ID, SSID, WIFI_PASSWORD, board, wait_online
from onenet_tools.board import BoardError, VirtualBoard, Wifi
from onenet_tools.board.access_point import Phone
from onenet_tools.broker import Mosquitto

QR_CODE = r"^WIFI:T:WPA;S:(onenet-[0-9a-f]{6});P:([a-z2-9]{10});;$"
RIGHT = {
    "ssid": SSID,
    "wifi_password": WIFI_PASSWORD,
    "platform": "legacy",
    "device_id": "4711",
    "product_id": PRODUCT_ID,
    "auth_info": AUTH_INFO,
    "host": "",
    "port": "",
}
PROGRAM = "# onenet: setup\n" + MAIN
NEW = json.dumps({"setup": True, "subscribe_commands": True})


class Person:
    """Somebody with a phone in the board's Wi-Fi."""

    def __init__(self, board: VirtualBoard, phone: Phone) -> None:
        self.board, self.phone = board, phone

    def curl(self, url: str, *options: str) -> str:
        """Status line, header and body, as text."""
        host, port = self.phone.tcp(80)
        command = ["curl", "-sS", "-i", "-m", str(PATIENCE), "--compressed", "--connect-to", f"::{host}:{port}"]
        done = subprocess.run([*command, *options, url], capture_output=True, check=True)
        return done.stdout.decode()

    def state(self, language: str = "en") -> dict[str, Any]:
        body = self.curl("http://192.168.4.1/state", "-H", f"Accept-Language: {language}").partition("\r\n\r\n")[2]
        found: dict[str, Any] = json.loads(body)
        return found

    def save(self, **form: str) -> list[str]:
        """What the board says is wrong, the keys alone."""
        fields = [part for key, value in form.items() for part in ("--data-urlencode", f"{key}={value}")]
        answer = self.curl("http://192.168.4.1/save", *fields)
        assert answer.startswith("HTTP/1.1 200 OK")
        for secret in (AUTH_INFO, WIFI_PASSWORD):
            assert secret not in answer
        problems: list[str] = json.loads(answer.partition("\r\n\r\n")[2])["wrong"]
        return sorted(text.partition(": ")[0] for text in problems)


def join(board: VirtualBoard, since: int = 0) -> Person:
    """With what the console says."""
    found = board.wait_for(QR_CODE, PATIENCE, since)
    return Person(board, board.phone(found[2], found[1].encode()))


@contextlib.contextmanager
def new(
    broker: Mosquitto | None, kind: dict[str, Any], config: str | None = NEW, **more: Any
) -> Iterator[VirtualBoard]:
    more.setdefault("routes", {ADDRESS: ("127.0.0.1", broker.port)} if broker else {})
    with board(broker, PROGRAM, config=config, **kind, **more) as it:  # type: ignore[arg-type]
        yield it


def test_from_no_wifi_to_online(broker: Mosquitto, kind: dict[str, Any]) -> None:
    """With a mistake on the way, which loses nothing."""
    with new(broker, kind) as it:
        person = join(it)
        assert it.wifi.access_point and it.wifi.access_point.startswith(b"onenet-")
        page = person.curl("http://192.168.4.1/")
        assert "Set up this board" in page and "配置这块板子" in page
        state = person.state()
        assert [bytes.fromhex(name).decode() for name, _ in state["networks"]] == [SSID] and not state["zh"]
        assert person.state("zh-CN,zh;q=0.9")["zh"]
        assert person.save(**RIGHT | {"wifi_password": "short", "device_id": "x", "product_id": ""}) == [
            "device_id",
            "product_id",
            "wifi[0].password",
        ]
        assert person.state()["fields"]["device_id"] == "x"  # also where the page is loaded anew
        assert person.save(**RIGHT | {"auth_info": ""}) == []  # which was there before
        assert wait_online(it) == "4711"
        assert it.wifi.access_point is None
        it.wait_for("the change of config.json stays", PATIENCE)
        it.power_cut()
        files = it.read_files()
        assert not {"/setup.json", "/config.back", "/config.try", "/config.undone"} & set(files)
        config = json.loads(files["/config.json"])
        assert config["wifi"] == [{"ssid": SSID, "password": WIFI_PASSWORD}] and config["setup"] is True
        it.wifi.up = False  # and from now on never again
        it.power_on()
        it.wait_for("not in reach|no answer", PATIENCE)
        it.skip(200)
        it.wait_for("wifi: .*(not in reach|no answer)", PATIENCE, len(it.log))
        assert it.wifi.access_point is None and len(it.resets) == 3


def test_a_wrong_password_brings_the_access_point_back(broker: Mosquitto, kind: dict[str, Any]) -> None:
    with new(broker, kind) as it:
        person = join(it)
        key = it.wait_for(QR_CODE)[2]
        assert person.save(**RIGHT | {"wifi_password": "a wrong one"}) == []
        it.wait_for("wrong password", PATIENCE)
        assert not person.phone.joined
        it.skip(120)
        it.wait_for("the change of config.json is undone", PATIENCE)
        person = join(it, it.log.rindex("is undone"))
        assert it.wait_for(QR_CODE, PATIENCE, it.log.rindex("is undone"))[2] == key  # what a label says stays true
        state = person.state()
        assert "home: wrong password" in state["why"].replace(SSID, "home")
        assert state["fields"]["device_id"] == "4711" and set(state["kept"]) == {"auth_info", "wifi_password"}
        assert person.save(**RIGHT | {"auth_info": ""}) == []
        assert wait_online(it) == "4711"


def test_networks_that_were_never_joined(broker: Mosquitto, kind: dict[str, Any]) -> None:
    """What came by cable may be mistaken, too."""
    with new(broker, kind, "", setup=True, networks=[{"ssid": SSID, "password": "mistaken"}]) as it:
        it.wait_for("wrong password", PATIENCE)
        it.skip(121)
        it.wait_for("setup: .*wrong password: opens the access point", PATIENCE)
        person = join(it)
        assert "wrong password" in person.state()["why"]
        assert person.save(**RIGHT | {"device_id": it_device(person)}) == []
        wait_online(it)


def it_device(person: Person) -> str:
    device: str = person.state()["fields"]["device_id"]
    return device


def test_ten_minutes(kind: dict[str, Any]) -> None:
    """Then the board is as it was before, until somebody switches it on anew."""
    with new(None, kind) as it:
        person = join(it)
        it.skip(601)
        it.wait_for("nobody has set the board up", PATIENCE)
        it.wait_for("wifi: is missing", PATIENCE)
        assert it.wifi.access_point is None and not person.phone.joined
        with pytest.raises(BoardError, match="is off"):
            it.phone("")
        it.power_cut()
        it.power_on()
        join(it)


@pytest.mark.parametrize("config", [None, "{}", '{"setup": false}', '{"setup": 1}', "{"])
def test_not_where_nobody_wants_it(kind: dict[str, Any], config: str | None) -> None:
    with new(None, kind, config) as it:
        it.wait_for("config: config.json has", PATIENCE)
        assert it.wifi.access_point is None or kind["chip"] == "esp8266"  # that of the factory
        assert "setup: join" not in it.log


def test_names_lead_to_the_board(kind: dict[str, Any]) -> None:
    dns = pytest.importorskip("dns.resolver")
    with new(None, kind) as it:
        host, port = join(it).phone.udp(53)
        resolver = dns.Resolver(configure=False)
        resolver.nameservers, resolver.port, resolver.lifetime = [host], port, PATIENCE
        for name in ("captive.apple.com", "connectivitycheck.gstatic.com", "www.msftconnecttest.com"):
            assert [record.to_text() for record in resolver.resolve(name)] == ["192.168.4.1"]
        with pytest.raises(dns.NoAnswer):
            resolver.resolve("captive.apple.com", "AAAA")
        random.seed(1)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            for _ in range(300):
                sock.sendto(random.randbytes(random.randrange(600)), (host, port))
        assert resolver.resolve("a.b.c")[0].to_text() == "192.168.4.1"


@pytest.mark.parametrize(
    "url",
    [
        "http://captive.apple.com/hotspot-detect.html",
        "http://connectivitycheck.gstatic.com/generate_204",
        "http://connect.rom.miui.com/generate_204",
        "http://connectivitycheck.platform.hicloud.com/generate_204",
        "http://www.msftconnecttest.com/connecttest.txt",
        "http://detectportal.firefox.com/canonical.html",
        "http://192.168.4.1/favicon.ico",
        "http://example.com/",
    ],
)
def test_phones_are_led_to_the_page(portal: Person, url: str) -> None:
    answer = portal.curl(url)
    assert answer.startswith("HTTP/1.1 302 ") and "\nLocation: http://192.168.4.1/\r" in answer


@pytest.fixture(scope="module")
def portal() -> Iterator[Person]:
    with new(None, {"chip": "esp32"}) as it:
        yield join(it)


def test_another_page_in_the_phone_changes_nothing(portal: Person) -> None:
    for header in ("Origin: http://evil.example", "Host: evil.example"):
        answer = portal.curl("http://192.168.4.1/save", "-H", header, "-d", "platform=legacy")
        assert answer.startswith(("HTTP/1.1 403", "HTTP/1.1 302"))
    assert portal.curl("http://192.168.4.1/save", "-X", "PUT", "-d", "x").startswith("HTTP/1.1 405")


@pytest.mark.parametrize("kind", ["esp8266", pytest.param("esp32", marks=pytest.mark.long)], indirect=True)
@pytest.mark.long
def test_whoever_is_no_phone(kind: dict[str, Any]) -> None:
    """Heads without end, bodies without end, nothing at all, 100 connections at once: and then the page is there."""
    with new(None, kind) as it:
        person = join(it)
        address = person.phone.tcp(80)

        def bother(data: bytes, times: int = 1) -> None:
            with contextlib.suppress(OSError), socket.create_connection(address, PATIENCE) as sock:
                for _ in range(times):
                    sock.sendall(data)
                while sock.recv(4096):
                    pass

        for data, times in (
            (b"GET / HTTP/1.1\r\nA: " + b"x" * 4000, 50),
            (b"x" * 4000, 50),
            (b"POST /save HTTP/1.1\r\nHost: 192.168.4.1\r\nContent-Length: 2500\r\n\r\n" + b"%" * 4000, 20),
            (b"POST /save HTTP/1.1\r\nHost: 192.168.4.1\r\nContent-Length: 9\r\n\r\n" + b"\xff\0&&&=%zz", 1),
            (random.Random(2).randbytes(3000), 5),
        ):
            bother(data, times)
        idle = [socket.create_connection(address, PATIENCE) for _ in range(100)]
        threads = [threading.Thread(target=bother, args=(b"GET /state HTTP/1.1\r\n",)) for _ in range(20)]
        for thread in threads:
            thread.start()
        for sock in idle:
            sock.close()
        for thread in threads:
            thread.join()
        assert person.save(**RIGHT | {"device_id": "x"}) == ["device_id"]
        assert "Traceback" not in it.log and len(it.resets) == 1


def test_the_console_is_asked_again_and_interrupted(kind: dict[str, Any]) -> None:
    with new(None, kind) as it:
        join(it)
        seen = len(it.log)
        it.send(b"\r")
        it.wait_for(QR_CODE, PATIENCE, seen)
        it.send(b"\3")
        it.wait_for("press it again, or any key", PATIENCE)
        it.send(b"\3")
        it.wait_for("^>>> ", PATIENCE)
        assert it.wifi.access_point is None


def test_names_in_gbk_twice_and_hidden(kind: dict[str, Any]) -> None:
    name = "家".encode("gbk") + b"\xb5\xc4"
    wifi = Wifi({SSID: WIFI_PASSWORD, name: "12345678", "cafe": ""})
    wifi.others = [(SSID.encode(), -30, 3), (b"", -20, 3), (b"\0\0", -25, 3)]
    with new(None, kind, wifi=wifi) as it:
        person = join(it)
        names = {bytes.fromhex(hex): secured for hex, secured in person.state()["networks"]}
        assert next(iter(names)) == SSID.encode() and set(names) == {SSID.encode(), name, b"cafe"}
        assert names[b"cafe"] == 0 < names[name]
        wifi.others.append((b"later", -30, 4))
        person.curl("http://192.168.4.1/scan")
        person.state()  # which does not take the wish back, however soon it comes
        deadline = time.monotonic() + PATIENCE
        while b"later".hex() not in str(person.state()["networks"]):
            assert time.monotonic() < deadline
            time.sleep(0.2)
        assert person.save(**RIGHT | {"ssid": "", "ssid_hex": name.hex(), "wifi_password": "12345678"}) == []
        it.wait_for(r"joined hex bcd2b5c4 as", PATIENCE)


def test_the_page_is_what_a_browser_unpacks(portal: Person) -> None:
    host, port = portal.phone.tcp(80)
    with socket.create_connection((host, port), PATIENCE) as sock:
        sock.sendall(b"GET / HTTP/1.0\r\nHost: 192.168.4.1\r\n\r\n")
        head, _, body = b"".join(iter(lambda: sock.recv(4096), b"")).partition(b"\r\n\r\n")
    assert re.search(rb"Content-Length: (\d+)", head)[1] == b"%d" % len(body)  # type: ignore[index]
    assert gzip.decompress(body).startswith(b"<!doctype html>")
