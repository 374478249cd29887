"""The 14 packet types, each as a strategy for its fields, built and read by this library and by amqtt's codec."""

import dataclasses
from collections.abc import Callable
from typing import Any

from amqtt.adapters import BufferReader
from amqtt.mqtt import packet_class
from amqtt.mqtt.connack import ConnackPacket
from amqtt.mqtt.connect import ConnectPacket, ConnectPayload, ConnectVariableHeader
from amqtt.mqtt.disconnect import DisconnectPacket
from amqtt.mqtt.packet import MQTTFixedHeader
from amqtt.mqtt.pingreq import PingReqPacket
from amqtt.mqtt.pingresp import PingRespPacket
from amqtt.mqtt.puback import PubackPacket
from amqtt.mqtt.pubcomp import PubcompPacket
from amqtt.mqtt.publish import PublishPacket
from amqtt.mqtt.pubrec import PubrecPacket
from amqtt.mqtt.pubrel import PubrelPacket
from amqtt.mqtt.suback import SubackPacket
from amqtt.mqtt.subscribe import SubscribePacket
from amqtt.mqtt.unsuback import UnsubackPacket
from amqtt.mqtt.unsubscribe import UnsubscribePacket
from hypothesis import strategies as st
from mqtt import packet, server

Fields = dict[str, Any]

# Fields


def _text(forbidden="", min_size=0):
    characters = st.characters(exclude_categories=["Cs"], exclude_characters="\0" + forbidden)
    return st.text(characters, min_size=min_size, max_size=40)


def _sometimes_long(strategy):
    """Now and then a value so long that the remaining length takes another byte."""
    return st.one_of(strategy, strategy, strategy, st.tuples(strategy, st.integers(100, 17000)).map(_lengthened))


def _lengthened(pair):
    value, n = pair
    return value + ("x" if isinstance(value, str) else b"x") * n


texts = _text()
topics = _sometimes_long(_text("+#", 1))
packet_ids = st.integers(1, 65535)
qos = st.integers(0, 2)
blobs = _sometimes_long(st.binary(max_size=60))


@st.composite
def filters(draw):
    levels = draw(st.lists(st.one_of(st.just("+"), _text("+#/")), min_size=1, max_size=5))
    if draw(st.booleans()):
        levels.append("#")
    return "/".join(levels) or "/"


@st.composite
def _connects(draw):
    fields: Fields = {
        "client_id": draw(texts),
        "username": draw(st.none() | texts),
        "password": None,
        "keepalive": draw(st.integers(0, 65535)),
        "clean_session": draw(st.booleans()),
        "will_topic": draw(st.none() | topics),
        "will_payload": None,
        "will_qos": 0,
        "will_retain": False,
    }
    if not fields["client_id"]:
        fields["clean_session"] = True
    if fields["username"] is not None:
        fields["password"] = draw(st.none() | texts)  # amqtt takes passwords for text
    if fields["will_topic"] is not None:
        fields.update(will_payload=draw(blobs), will_qos=draw(qos), will_retain=draw(st.booleans()))
    return fields


@st.composite
def _publishes(draw):
    fields: Fields = {"topic": draw(topics), "payload": draw(blobs), "qos": draw(qos), "retain": draw(st.booleans())}
    fields["dup"] = draw(st.booleans()) if fields["qos"] else False
    fields["packet_id"] = draw(packet_ids) if fields["qos"] else 0
    return fields


@st.composite
def _connacks(draw):
    code = draw(st.integers(0, 5))
    return {"session_present": draw(st.booleans()) if code == 0 else False, "code": code}


# Built by this library


def build(function, *args, **kwargs):
    buf = bytearray(function(None, *args, **kwargs))
    assert function(buf, *args, **kwargs) == len(buf)
    return bytes(buf)


def _our_connect(f):
    will_payload = b"" if f["will_payload"] is None else f["will_payload"]
    return build(packet.connect, **{**f, "will_payload": will_payload})


# Built by amqtt


def _amqtt_connect(f):
    header = ConnectVariableHeader(keep_alive=f["keepalive"])
    header.clean_session_flag = f["clean_session"]
    header.username_flag = f["username"] is not None
    header.password_flag = f["password"] is not None
    header.will_flag = f["will_topic"] is not None
    header.will_qos = f["will_qos"]
    header.will_retain_flag = f["will_retain"]
    payload = ConnectPayload(f["client_id"], f["will_topic"], f["will_payload"], f["username"], f["password"])
    return ConnectPacket(variable_header=header, payload=payload)


def _amqtt_publish(f):
    return PublishPacket.build(f["topic"], f["payload"], f["packet_id"] or None, f["dup"], f["qos"], f["retain"])


# Read by amqtt


def amqtt_decode(data: bytes) -> Any:
    """The packet that amqtt's codec reads; from bytes at hand it never has to wait."""
    reader = BufferReader(data)

    async def read():
        header = await MQTTFixedHeader.from_stream(reader)
        return await packet_class(header).from_stream(reader, fixed_header=header)

    try:
        read().send(None)
    except StopIteration as done:
        assert not reader._stream.read(), "bytes left over"
        return done.value
    raise AssertionError("amqtt wants more bytes")


def _connect_of_amqtt(p):
    header, payload = p.variable_header, p.payload
    assert (header.proto_name, header.proto_level, header.reserved_flag) == ("MQTT", 4, False)
    return {
        "client_id": "" if payload.client_id_is_random else payload.client_id,
        "username": payload.username,
        "password": payload.password,
        "keepalive": header.keep_alive,
        "clean_session": header.clean_session_flag,
        "will_topic": payload.will_topic,
        "will_payload": payload.will_message,
        "will_qos": header.will_qos,
        "will_retain": header.will_retain_flag,
    }


def _publish_of_amqtt(p):
    return {
        "topic": p.topic_name,
        "payload": p.data,
        "qos": p.qos,
        "retain": p.retain_flag,
        "dup": p.dup_flag,
        "packet_id": p.packet_id or 0,
    }


# Read by this library


def _str(value):
    return None if value is None else bytes(value).decode()


def _connect_of_parser(p):
    assert p.protocol_level == 4
    return {
        "client_id": _str(p.client_id),
        "username": _str(p.username),
        "password": _str(p.password),
        "keepalive": p.keepalive,
        "clean_session": p.clean_session,
        "will_topic": _str(p.will_topic),
        "will_payload": p.will_payload,
        "will_qos": p.will_qos,
        "will_retain": p.will_retain,
    }


def _publish_of_parser(p):
    assert p.size == len(p.payload) and not p.oversize
    return {
        "topic": _str(p.topic),
        "payload": bytes(p.payload),
        "qos": p.qos,
        "retain": bool(p.retain),
        "dup": bool(p.dup),
        "packet_id": p.packet_id,
    }


# Together


@dataclasses.dataclass
class Kind:
    """A packet type: strategy of its fields; both encoders; its fields as both decoders find them."""

    number: int
    fields: st.SearchStrategy[Fields]
    ours: Callable[[Fields], bytes]
    theirs: Callable[[Fields], Any]
    decoded: Callable[[Any], Fields]
    parsed: Callable[[Any], Fields]
    to_client: bool = True
    to_server: bool = True

    def __str__(self):
        return server.NAMES[self.number]


def _id_of_amqtt(p):
    return {"packet_id": p.variable_header.packet_id}


def _id_of_parser(p):
    return {"packet_id": p.packet_id}


_ids = st.fixed_dictionaries({"packet_id": packet_ids})


def _acknowledgement(number, first, cls):
    return Kind(
        number,
        _ids,
        lambda f: build(packet.ack, first, f["packet_id"]),
        lambda f: cls.build(f["packet_id"]),
        _id_of_amqtt,
        _id_of_parser,
    )


def _bare(number, function, cls, **direction):
    return Kind(
        number, st.just({}), lambda f: build(function), lambda f: cls(), lambda p: {}, lambda p: {}, **direction
    )


KINDS = [
    Kind(1, _connects(), _our_connect, _amqtt_connect, _connect_of_amqtt, _connect_of_parser, to_client=False),
    Kind(
        2,
        _connacks(),
        lambda f: build(server.connack, **f),
        lambda f: ConnackPacket.build(f["session_present"], f["code"]),
        lambda p: {"session_present": bool(p.session_parent), "code": p.return_code},
        lambda p: {"session_present": bool(p.session_present), "code": p.code},
        to_server=False,
    ),
    Kind(3, _publishes(), lambda f: build(packet.publish, **f), _amqtt_publish, _publish_of_amqtt, _publish_of_parser),
    _acknowledgement(4, 0x40, PubackPacket),
    _acknowledgement(5, 0x50, PubrecPacket),
    _acknowledgement(6, 0x62, PubrelPacket),
    _acknowledgement(7, 0x70, PubcompPacket),
    Kind(
        8,
        st.fixed_dictionaries(
            {"packet_id": packet_ids, "filters": st.lists(st.tuples(filters(), qos), min_size=1, max_size=8)}
        ),
        lambda f: build(packet.subscribe, **f),
        lambda f: SubscribePacket.build(f["filters"], f["packet_id"]),
        lambda p: {**_id_of_amqtt(p), "filters": p.payload.topics},
        lambda p: {**_id_of_parser(p), "filters": [(_str(name), q) for name, q in p.filters]},
        to_client=False,
    ),
    Kind(
        9,
        st.fixed_dictionaries(
            {"packet_id": packet_ids, "codes": st.lists(st.sampled_from([0, 1, 2, 0x80]), min_size=1, max_size=300)}
        ),
        lambda f: build(server.suback, **f),
        lambda f: SubackPacket.build(f["packet_id"], f["codes"]),
        lambda p: {**_id_of_amqtt(p), "codes": p.payload.return_codes},
        lambda p: {**_id_of_parser(p), "codes": list(p.codes)},
        to_server=False,
    ),
    Kind(
        10,
        st.fixed_dictionaries({"packet_id": packet_ids, "filters": st.lists(filters(), min_size=1, max_size=8)}),
        lambda f: build(packet.unsubscribe, **f),
        lambda f: UnsubscribePacket.build(f["filters"], f["packet_id"]),
        lambda p: {**_id_of_amqtt(p), "filters": p.payload.topics},
        lambda p: {**_id_of_parser(p), "filters": [_str(name) for name in p.filters]},
        to_client=False,
    ),
    Kind(
        11,
        _ids,
        lambda f: build(server.unsuback, **f),
        lambda f: UnsubackPacket.build(f["packet_id"]),
        _id_of_amqtt,
        _id_of_parser,
        to_server=False,
    ),
    _bare(12, packet.pingreq, PingReqPacket, to_client=False),
    _bare(13, server.pingresp, PingRespPacket, to_server=False),
    _bare(14, packet.disconnect, DisconnectPacket, to_client=False),
]
