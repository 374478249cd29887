"""What the data file keeps: over a restart, and within its bounds."""

import asyncio
import contextlib
import os
import sqlite3
import stat
from pathlib import Path

import pytest
from console_client import AUTH_INFO, DEVICE, PRODUCT, dp, online, publish, until
from onenet_tools.console import command_table, point_table
from onenet_tools.console.console import RunningConsole, running_console
from onenet_tools.console.database import StoreError
from onenet_tools.console.model import CommandStatus, DeviceChanged
from onenet_tools.console.point_table import NewPoint
from onenet_tools.console.store import Store, read_product


def test_everything_outlives_a_restart(tmp_path: Path) -> None:
    data = tmp_path / "new folder" / "console.sqlite3"
    with running_console(data, pages=False) as console:
        key = console.platform.master_key
        device = console.call(console.platform.add_device, "kept", "kept auth-info")
        with online(console, device.id, device.auth_info) as it:
            it.send(publish("$dp", dp(3, '{"t":22.5}'), 1))
            it.receive("PUBACK")
            answered = console.call(console.platform.send_command, device.id, b"led=on")
            it.send(publish(f"$crsp/{answered.uuid}", b"done", 1))
            it.receive("PUBLISH")
            it.receive("PUBACK")
        waiting = console.call(console.platform.send_command, DEVICE, b"later", 60)
        until(lambda: not console.call(console.platform.device, device.id).online)
        before = console.call(console.platform.devices)
        streams = console.call(console.platform.streams, device.id)
        points = console.call(console.platform.points, device.id, "t")
        answered = console.call(console.platform.command, answered.uuid)
    assert stat.S_IMODE(data.stat().st_mode) == 0o600
    with running_console(data, pages=False) as console:
        assert console.platform.master_key == key == read_product(data).master_key
        assert console.call(console.platform.devices) == before
        assert next(it for it in before if it.id == device.id).since is not None
        assert console.call(console.platform.streams, device.id) == streams
        assert console.call(console.platform.points, device.id, "t") == points
        assert answered.status == CommandStatus.REPLIED
        assert console.call(console.platform.command, answered.uuid) == answered
        with online(console) as it:
            assert it.receive("PUBLISH").payload == b"later"
        until(lambda: console.call(console.platform.command, waiting.uuid).status == CommandStatus.SENT)


def test_what_was_acknowledged_outlives_a_kill(tmp_path: Path) -> None:
    """The file as it is at the moment of PUBACK, without the console's closing it."""
    data, copy = tmp_path / "console.sqlite3", tmp_path / "copy.sqlite3"
    with running_console(data, pages=False) as console, online(console) as it:
        it.send(publish("$dp", dp(3, '{"t":22.5}'), 1))
        it.receive("PUBACK")
        for suffix in ("", "-wal"):
            Path(f"{copy}{suffix}").write_bytes(Path(f"{data}{suffix}").read_bytes())
    assert sqlite3.connect(copy).execute("SELECT value FROM points").fetchall() == [("22.5",)]


OLD_FILE = """
    CREATE TABLE product (id TEXT NOT NULL, master_key TEXT NOT NULL, register_code TEXT NOT NULL);
    CREATE TABLE devices (
        id TEXT PRIMARY KEY, title TEXT NOT NULL, auth_info TEXT NOT NULL UNIQUE, api_key TEXT NOT NULL UNIQUE,
        serial TEXT UNIQUE, about TEXT NOT NULL, created INTEGER NOT NULL, since INTEGER
    ) WITHOUT ROWID;
    CREATE TABLE streams (
        number INTEGER PRIMARY KEY, device_id TEXT, id TEXT NOT NULL, created INTEGER NOT NULL, at INTEGER NOT NULL,
        value TEXT NOT NULL, UNIQUE (device_id, id)
    );
    CREATE TABLE points (
        stream INTEGER NOT NULL, at INTEGER NOT NULL, value TEXT NOT NULL, PRIMARY KEY (stream, at)
    ) WITHOUT ROWID;
    CREATE TABLE commands (
        number INTEGER PRIMARY KEY, uuid TEXT NOT NULL UNIQUE, device_id TEXT NOT NULL, payload BLOB NOT NULL,
        status INTEGER NOT NULL, created INTEGER NOT NULL, again INTEGER NOT NULL, expires INTEGER NOT NULL,
        reply BLOB, seconds REAL
    );
    CREATE INDEX commands_of_a_device ON commands (device_id, number);
    INSERT INTO product VALUES ('458945', 'the master key', 'the code');
    INSERT INTO devices VALUES ('77', 'kept', 'its auth-info', 'its key', NULL, '{}', 1700000000000000, NULL);
    INSERT INTO streams VALUES (1, '77', 't', 1700000000000000, 1700000000000000, '22.5');
    INSERT INTO points VALUES (1, 1700000000000000, '22.5');
    INSERT INTO commands VALUES (1, 'u', '77', X'6F6E', 4, 1700000000000000, 0, 0, X'6F6B', 0.5);
    PRAGMA user_version = 1;
"""
"""What consoles before the current platform have made."""


def test_a_file_of_the_first_layout_goes_on(tmp_path: Path) -> None:
    data = tmp_path / "console.sqlite3"
    with contextlib.closing(sqlite3.connect(data)) as db:
        db.executescript(OLD_FILE)
    for _ in range(2):
        with running_console(data, pages=False) as console:
            assert console.platform.master_key == "the master key"
            assert [device.id for device in console.call(console.platform.devices) if not device.is_studio] == ["77"]
            assert [point.value for point in console.call(console.platform.points, "77", "t")] == [22.5]
            assert console.call(console.platform.command, "u").reply == b"ok"
            with online(console, "77", "its auth-info") as it:
                it.send(publish("$dp", dp(3, '{"new":23}'), 1))
                it.receive("PUBACK")
            account = console.call(console.platform.studio.products.account)
            product = console.call(console.platform.studio.add_product)
            console.call(console.platform.studio.add_device, product.id, "board1")
    with contextlib.closing(Store(data)) as store:
        assert store.products.account() == account
        assert len(store.products.all()) == 2


def test_two_new_files_have_different_keys(tmp_path: Path) -> None:
    for name in ("a", "b"):
        Store(tmp_path / name, PRODUCT).close()
    one, two = read_product(tmp_path / "a"), read_product(tmp_path / "b")
    assert one.id == two.id == PRODUCT
    assert one.master_key != two.master_key
    assert one.register_code != two.register_code
    assert len(one.register_code) == 16


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"no database at all, but text", "file is not a database"), (None, "directory|unable to open")],
)
def test_a_file_that_can_not_be_used(tmp_path: Path, content: bytes | None, words: str) -> None:
    path = tmp_path / "console.sqlite3"
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content * 100)
    with pytest.raises(StoreError, match=f"console.sqlite3: .*({words})"):
        Store(path)
    assert content is None or path.read_bytes() == content * 100


def test_a_file_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "console.sqlite3"
    Store(path, PRODUCT).close()
    sqlite3.connect(path, isolation_level=None).execute("PRAGMA user_version = 99")
    with pytest.raises(StoreError, match="its layout is of version 99"):
        Store(path)


def test_of_a_stream_the_oldest_points_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(point_table, "POINTS_KEPT", 1000)
    monkeypatch.setattr(point_table, "_SPARE", 10)

    async def fill() -> list[int]:
        store = Store(tmp_path / "console.sqlite3", PRODUCT)
        store.add_device("5", "x", "x")
        for start in range(0, 3000, 100):
            await store.points.add([NewPoint("5", "t", start + i, f"{start + i}") for i in range(100)])
        await store.points.add([NewPoint("5", "other", 1, "1")])
        found = [row.at for row in store.points.rows("5", ["t"], None, None, None, 5000)]
        assert len(store.points.rows("5", ["other"], None, None, None, 5000)) == 1
        store.close()
        return found

    found = asyncio.run(fill())
    assert found == list(range(2000, 3000))


def test_of_a_device_the_oldest_commands_go(console: RunningConsole, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command_table, "COMMANDS_KEPT", 3)
    device = console.call(console.platform.add_device, "x")
    sent = [console.call(console.platform.send_command, device.id, b"%d" % i, 60) for i in range(5)]
    kept = console.call(console.platform.commands, device.id)
    assert [command.uuid for command in kept] == [command.uuid for command in reversed(sent[2:])]


def test_a_removed_device_leaves_nothing(tmp_path: Path) -> None:
    data = tmp_path / "console.sqlite3"
    with running_console(data, pages=False) as console:
        for _ in range(2):
            device = console.call(console.platform.add_device, "x", "its auth-info", "77")
            with online(console, "77", "its auth-info") as it:
                content = ",".join(f'{{"value":{i}}}' for i in range(3000))
                for _ in range(4):
                    it.send(publish("$dp", dp(1, f'{{"datastreams":[{{"id":"t","datapoints":[{content}]}}]}}'), 1))
                    it.receive("PUBACK")
                console.call(console.platform.send_command, device.id, b"x")
                assert len(console.call(console.platform.points, "77", "t", 20000)) == 12000
                console.call(console.platform.remove_device, "77")
                it.receive("PUBLISH")
                assert it.is_closed()
            assert console.call(console.platform.packets, "77") == []
    db = sqlite3.connect(data)
    for table in ("points", "streams", "commands"):
        assert db.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)


def test_what_another_program_does_to_the_file_is_noticed(tmp_path: Path) -> None:
    data = tmp_path / "console.sqlite3"
    with running_console(data, pages=False) as console:
        heard: list[object] = []
        console.call(console.platform.listen, heard.append)
        other = Store(data)
        other.add_device("77", "from elsewhere", "its auth-info")
        with online(console, "77", "its auth-info") as it:  # at once
            other.edit_device("77", "another title", "its auth-info", {})
            until(lambda: console.call(console.platform.device, "77").title == "another title")
            until(lambda: heard.count(DeviceChanged("77")) >= 1)
            other.remove_device("77")
            assert it.is_closed()
        other.close()
        assert [device.id for device in console.call(console.platform.devices)] == [DEVICE]


def test_a_disk_that_takes_no_more_costs_no_acknowledged_point(tmp_path: Path) -> None:
    data = tmp_path / "console.sqlite3"
    with running_console(data, pages=False) as console:
        with online(console) as it:
            it.send(publish("$dp", dp(3, '{"t":1}'), 1))
            it.receive("PUBACK")
            console.call(console.platform.store._write.execute, "PRAGMA max_page_count = 1")
            it.send(publish("$dp", dp(3, '{"t":"' + "x" * 60000 + '"}'), 1))
            assert it.is_closed()  # and no PUBACK
        notes = [packet.explained.summary for packet in console.call(console.platform.packets)]
        assert any("can't store what it sends" in note and "full" in note for note in notes), notes
        console.call(console.platform.store._write.execute, "PRAGMA max_page_count = 1000000")
        with online(console) as it:
            it.send(publish("$dp", dp(3, '{"t":2}'), 1))
            it.receive("PUBACK")
        assert [point.value for point in console.call(console.platform.points, DEVICE, "t")] == [1, 2]


def test_the_example_device_is_made_once(tmp_path: Path) -> None:
    data = tmp_path / "console.sqlite3"
    with running_console(data, pages=False) as console:
        assert console.call(console.platform.device, DEVICE).auth_info == AUTH_INFO
        console.call(console.platform.remove_device, DEVICE)
    with running_console(data, pages=False) as console:
        assert console.call(console.platform.devices) == []
    assert os.listdir(tmp_path)
