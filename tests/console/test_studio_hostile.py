"""Whatever devices of the current platform send, they are answered or closed, and the console goes on."""

import json
from typing import Any

import pytest
from console_client import errors, notes
from hypothesis import given, settings
from hypothesis import strategies as st
from onenet_tools.console.console import RunningConsole
from onenet_tools.console.model import Device
from onenet_tools.console.studio.envelope import BadMessage
from onenet_tools.console.studio.reports import Reader
from onenet_tools.model.thing_model import read_model
from studio_api import MODEL
from studio_client import thing_online

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["value", "time", "temp", "lamp", "properties", "events", "identity", "alarm"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(params=anything, with_model=st.booleans())
def test_any_params_are_read_or_refused_in_words(params: Any, with_model: bool) -> None:
    reader = Reader("aBcDeF1234", "board1", read_model(MODEL) if with_model else None)
    for read in (reader.properties, reader.events, reader.pack, reader.history):
        try:
            report = read(params)
        except BadMessage as error:
            assert str(error)
        else:
            assert len(report.points) + len(report.events) <= 100


TOPICS = ["property/post", "event/post", "pack/post", "history/post", "property/desired/get", "property/desired/delete"]
PAYLOADS = [
    {"id": "1", "version": "1.0", "params": {"\ud800": {"value": 1}}},
    {"id": "1", "version": "1.0", "params": {"a": {"value": "\ud800"}}},
    {"id": "1", "version": "1.0", "params": {"a": {"value": 10**400}}},
    {"id": "1", "version": "1.0", "params": {"a": {"value": {"x": [[[]]]}}}},
    {"id": "1", "version": "1.0", "params": ["\ud800", None, {}]},
    {"id": "1", "version": "1.0", "params": {"a": {"version": 10**30}}},
    {"id": "1", "version": "1.0", "params": {"": {"value": 1}}},
    {"id": "1", "version": "1.0", "params": [{"properties": {"a": [{"value": 1}]}, "identity": "\ud800"}]},
    {"id": "1", "version": "1.0", "params": {"x" * 70000: {"value": 1}}},
    {"id": "1", "version": {}, "params": {}},
]


@pytest.mark.parametrize("payload", [json.dumps(it).encode() for it in PAYLOADS] + [b"[" * 100_000, b"\xed\xa0\x80"])
def test_what_is_hardly_json(console: RunningConsole, board: Device, payload: bytes) -> None:
    with thing_online(console, board, "thing/#") as it:
        for topic in TOPICS:
            it.say(f"thing/{topic}", payload)
            heard, answer = it.hear()
            assert heard == f"thing/{topic}/reply" and isinstance(answer["code"], int)
        for topic in ("property/set_reply", "property/get_reply", "service/a/invoke_reply"):
            it.say(f"thing/{topic}", payload)
        assert it.is_there()
    assert errors(console, board.id) == []
    assert not [note for note in notes(console, board.id) if "failed" in note]


@settings(max_examples=30, deadline=None)
@given(payload=st.binary(max_size=60) | anything.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_on_any_topic(console: RunningConsole, payload: bytes) -> None:
    product = console.call(console.platform.studio.add_product)
    device = console.call(console.platform.studio.add_device, product.id, "b")
    try:
        with thing_online(console, device) as it:
            it.say("thing/property/set_reply", payload)
            assert it.is_there()
        assert errors(console, device.id) == []
    finally:
        console.call(console.platform.studio.remove_product, product.id)
