"""What Home Assistant is told of a device's streams and properties: MQTT discovery, a message for each entity, with the
fields of its documents, https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery and the pages sensor.mqtt,
switch.mqtt, number.mqtt and text.mqtt there. Loaded for each, and forgotten.

"entities" in the configuration adds fields to a stream's message, or replaces them; its "component" is what stands in
the topic, where sensor, switch, number or text, by the value's type, is not right.
"""

import json
import sys

from .log import rare

_FIGURES = {  # of what the program of this repository measures, and "health_interval"
    "rssi": ("dBm", "signal_strength"),
    "chip_temperature": ("°C", "temperature"),
    "free_heap": ("B", "data_size"),
    "free_idf_heap": ("B", "data_size"),
}


def entity(device, n):
    """(topic, message), both bytes, of the device's entity of this number, from 0; None if there are fewer."""
    properties = [found for found in device._things.properties if found.set] if device._things else []
    settable = [found.id for found in properties]
    streams = [stream[0].decode() for stream in device._streams if stream[0]]
    streams = [name for name in streams if name not in settable]
    if n < len(streams):
        component, name, fields = "sensor", streams[n], _figures(streams[n])
    elif n < len(streams) + len(properties):
        found = properties[n - len(streams)]
        name = found.id
        component, fields = _control(device, found)
    else:
        return None
    return _message(device.config, component, name, fields)


def _figures(name):
    if name not in _FIGURES:
        return {}
    unit, device_class = _FIGURES[name]
    return {
        "unit_of_measurement": unit,
        "device_class": device_class,
        "state_class": "measurement",
        "entity_category": "diagnostic",
    }


def _control(device, found):
    """(component, its fields) of a property that can be set. Its value goes out, too, for Home Assistant shows none
    otherwise."""
    try:
        value = found.get()
    except Exception:  # noqa: BLE001 - as for a stream that fails, the rest goes on
        value = None
    if value is not None:
        getattr(device.put, "update", device.put)(found.id, value)  # whatever it was before: see change.py
    fields = {"command_topic": _topic(device.config, "set_topic", found.id)}
    if isinstance(value, bool):
        fields.update(payload_on="true", payload_off="false")
        return "switch", fields
    if isinstance(value, (int, float)):
        fields.update(min=-1000000, max=1000000, mode="box", step=0.001 if isinstance(value, float) else 1)
        return "number", fields
    fields["command_template"] = "{{ value | tojson }}"  # or else the text 5 would be the number
    return "text", fields


def _message(config, component, name, fields):
    node = _plain(config["device_name"])
    device = {
        "identifiers": [node],
        "name": config["device_name"],
        "model": getattr(sys.implementation, "_machine", sys.platform),
    }
    version = rare("about").version()
    if version != "?":
        device["sw_version"] = version
    message = {
        "name": name,
        "unique_id": node + "_" + _plain(name),
        "state_topic": _topic(config, "topic", name),
        "value_template": _template(config, name, component == "switch"),
        "availability_topic": _topic(config, "status_topic", ""),
        "device": device,
        "origin": {"name": "onenet-esp"},
    }
    message.update(fields)
    message.update(config["entities"].get(name, {}))
    component = message.pop("component", component)
    topic = "%s/%s/%s/%s/config" % (config["discovery_prefix"], component, node, _plain(name))
    return topic.encode(), json.dumps(message).encode()


def _topic(config, key, name):
    topic = config[key].replace("{device}", config["device_name"])
    return topic.replace("{stream}", name.replace("/", "-").replace("+", "-").replace("#", "-"))


def _template(config, name, is_json):
    """What makes the state of a message: JSON for a switch, so that true is "true". In a document without the stream,
    the state stays."""
    filters = " | tojson" if is_json else ""
    if "{stream}" in config["topic"]:
        return "{{ value_json.value%s }}" % filters
    return "{{ value_json['%s']%s if '%s' in value_json else this.state }}" % (name, filters, name)


def _plain(name):
    """A name of letters, digits, _ and - alone, as ids in a discovery topic must be; other bytes become two digits."""
    out = ""
    for byte in name.encode():
        is_plain = 48 <= byte <= 57 or 65 <= byte <= 90 or 97 <= byte <= 122 or byte in b"_-"
        out += chr(byte) if is_plain else "%02x" % byte
    return out
