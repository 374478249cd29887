"""OneNET's own updates over the air: a device of the current platform asks for a task, fetches its package, and tells
how it goes. Where config.json has "update", it asks when it has come online, every six hours, and at ota/inform.

Paths, their order and the codes: /fuse-ota/… of OneNET's documents, 远程升级. What goes wrong is told as 102 no room,
103 no memory, 107 another reason before all was there, 205 another MD5; 203 no memory for the new program, 207 it was
tried too often, 206 it did not prove itself; 201 comes when it has.
"""

import json
from micropython import const

from mqtt.errors import borrowed

from .log import log, rare, uptime

_HOST = "iot-api.heclouds.com"
_EVERY = const(21600)  # seconds
_SUCCESS = const(0)
_NOTHING = (11, 1178)  # codes where there is no task


def watch(device):
    """The device asks from here on."""
    config = _config()
    base = ("$sys/%s/%s/ota/inform" % (config["product_id"], config["device_name"])).encode()
    client = device._client
    platform = device._platform
    alone = device._things.modelled
    if not alone:  # among its subscriptions; those of a thing model all lie below thing/
        platform._FILTERS = platform._FILTERS + (b"ota/inform",)
    before = client.on_message
    online_at = None
    asked_at = 0
    inform = subscribed = None
    granted = platform.acknowledged

    def acknowledged(kind, packet_id, codes):
        # Where it is not granted, the asking has to do; what platforms refuse of their own ends the connection.
        granted(kind, packet_id, b"\0" if packet_id == subscribed else codes)

    def came(topic, payload, qos, retain):
        nonlocal inform
        if len(topic) == len(base) and bytes(topic) == base:
            inform = bytes(payload)
        else:
            before(topic, payload, qos, retain)

    def look():
        nonlocal online_at, asked_at, inform, subscribed
        if device._online_at is None or not client.can_publish(1):
            return
        new = online_at != device._online_at
        online_at = device._online_at
        if new and alone:
            subscribed = client._take(0x82, [base], borrowed("onenet.asking").subscribe)
        if inform is not None:
            _reply(client, base, inform)
        if new or inform is not None or uptime() - asked_at >= _EVERY:
            asked_at = uptime()
            inform = None
            try:
                rare("update").ask(device)
            except MemoryError:
                log("update", "there is not enough memory to ask for one")

    if alone:
        platform.acknowledged = acknowledged
    client.on_message = came
    device._streams.append([b"", 2000, look, None, False])  # one that sends nothing


def _reply(client, base, inform):
    try:
        request = json.loads(inform)["id"]
    except (ValueError, KeyError, TypeError):
        return
    client.publish(base + b"_reply", json.dumps({"id": request, "code": 200, "msg": "success"}).encode())


def _config():
    with open("config.json") as file:
        return json.load(file)


def header():
    """The lines of a request's header that say who asks."""
    config = _config()
    token = config.get("token")
    if not token:
        resource = "products/" + config["product_id"]
        key = config.get("device_key")
        if key:
            resource += "/devices/" + config["device_name"]
        token = borrowed("onenet.token").token(key or config["access_key"], resource)
    return "Authorization: %s\r\n" % token


def _base():
    config = _config()
    return "/fuse-ota/%s/%s" % (config["product_id"], config["device_name"])


def find(http):
    """A generator: says which version this is, and asks for a task. Its value: what there is to be done, as update.py
    has it; None for nothing."""
    version = rare("about").version()
    yield from _say_version(http, version)
    data = yield from _ask(http, "GET", "%s/check?type=2&version=%s" % (_base(), version), "", _NOTHING)
    if not data:
        return None
    url = "http://%s/%s/%d/download" % (_HOST, _base()[1:], data["tid"])
    return {"url": url, "digest": "", "ota": data["tid"], "md5": data["md5"]}


def connection(buf):
    return rare("http").Http(_HOST, 80, buf)


def step(http, task, number):
    """A generator: tells how far it is."""
    yield from _ask(http, "POST", "%s/%d/status" % (_base(), task), '{"step": %d}' % number)


def ended(http, task, number):
    """A generator: tells how it has ended, and which version this is now."""
    yield from step(http, task, number)
    yield from _say_version(http, rare("about").version())


def _say_version(http, version):
    text = '{"s_version": "%s", "f_version": "%s"}' % (version, version)
    yield from _ask(http, "POST", _base() + "/version", text)


def _ask(http, method, path, body, others=()):
    """A generator whose value is what the answer has as its data; None for a code that says no, which is logged, but
    for others."""
    yield from http.ask(method, path, header(), body.encode())
    if http.status != 200:
        raise OSError("the platform's status is %d" % http.status)
    answer = json.loads(bytes(http.body))
    if answer["code"] == _SUCCESS:
        return answer.get("data")
    if answer["code"] not in others:
        log("update", "%s: code %s, %s" % (path.rsplit("/", 1)[1], answer["code"], answer.get("msg")))
    return None
