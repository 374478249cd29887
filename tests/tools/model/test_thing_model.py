"""A thing-model file is read as OneNET exports it, and what is none is refused in words."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onenet_tools.model.thing_model import DataType, ModelError, fields_objection, read_model

FILE = (Path(__file__).parents[2] / "console" / "thing_model.json").read_text(encoding="utf-8")


def test_what_is_in_the_file() -> None:
    model = read_model(FILE)
    assert list(model.properties)[:3] == ["temp", "lamp", "level"]
    temp, lamp = model.properties["temp"], model.properties["lamp"]
    assert (temp.name, temp.writable, temp.type.type, temp.type.unit) == ("温度", False, "float", "℃ / 摄氏度")
    assert [temp.type.limit(name) for name in ("min", "max", "step", "length")] == [-40, 85, 0.1, None]
    assert (lamp.writable, lamp.desc, lamp.type.choices) == (True, "ceiling", {"true": "开", "false": "关"})
    assert (model.events["alarm"].kind, model.events["alarm"].outputs[0].identifier) == ("alert", "level")
    assert [model.services[name].is_async for name in ("blink", "reboot")] == [False, True]
    assert [field.identifier for field in model.services["blink"].inputs] == ["n"]


@pytest.mark.parametrize(
    ("type_", "specs", "right", "wrong"),
    [
        ("int32", {"min": "-5", "max": "5"}, [-5, 0, 5], [-6, 6, 1.0, "1", True, None]),
        ("int32", {}, [-(2**31), 2**31 - 1], [2**31, -(2**31) - 1]),
        ("int64", {"min": "", "max": ""}, [2**63 - 1], [2**63]),
        ("float", {"min": "0.5", "max": "1"}, [0.5, 1, 1.0], [0.4, 1.1, "1", False]),
        ("double", None, [1e300, -5], ["x", None]),
        ("bool", {"true": "on", "false": "off"}, [True, False], [0, 1, "true"]),
        ("enum", {"0": "a", "1": "b"}, [0, 1], [2, "0", True, 0.0]),
        ("string", {"length": "4"}, ["", "abcd", "温"], ["abcde", "温度", 5]),
        ("string", {}, ["x" * 1000], [None]),
        ("struct", [{"identifier": "x", "dataType": {"type": "bool"}}], [{}, {"x": True}], [{"x": 1}, {"y": True}, []]),
        ("array", {"length": "2", "type": "int32", "specs": {"max": "9"}}, [[], [1, 9]], [[1, 2, 3], [10], {}]),
        ("array", {"size": "2", "items": {"type": "bool"}}, [[], [True]], [[1], [True] * 3]),
        ("bitMap", {"length": 3}, [0, 7], [8, -1, "1"]),
        ("bitMap", {"length": "1e300"}, [2**64 - 1], [2**64]),
        ("int32", {"min": "nan", "max": "inf"}, [5], []),
        ("date", {}, [1706673129818, "1706673129818"], ["today", 1.5]),
        ("of the future", None, [1, "x", None, []], []),
    ],
)
def test_what_is_a_value_of_a_type(type_: str, specs: Any, right: list[Any], wrong: list[Any]) -> None:
    data_type = DataType(type_, specs)
    assert [data_type.objection(value) for value in right] == [""] * len(right)
    assert all(data_type.objection(value) for value in wrong), [data_type.objection(value) for value in wrong]


def test_which_field_is_wrong_or_missing() -> None:
    inputs = read_model(FILE).services["blink"].inputs
    assert fields_objection(inputs, {"n": 10}) == "n must be at most 9"
    assert fields_objection(inputs, {"m": 1}) == "m identifier not exist"
    assert fields_objection(inputs, {}) == ""
    assert fields_objection(inputs, {}, complete=True) == "n is missing"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "it is not JSON"),
        ("[" * 100_000, "it is not JSON"),
        ("[]", 'no list "properties"'),
        ("{}", 'no list "properties"'),
        ('{"properties":[1]}', r"properties\[0\] is not as OneNET exports it"),
        ('{"properties":[{}]}', r"properties\[0\] .*\(identifier\)"),
        ('{"properties":[{"identifier":"a"}]}', r"properties\[0\] .*\(dataType\)"),
        ('{"properties":[{"identifier":"a","dataType":{"type":"struct","specs":[1]}}]}', r"properties\[0\]"),
        ('{"properties":[{"identifier":"a","dataType":{"type":"array","specs":{}}}]}', r"properties\[0\] .*\(type\)"),
        ('{"properties":[],"events":5}', r"events\[0\]"),
        ('{"properties":[],"services":[{"identifier":5}]}', r"services\[0\]"),
    ],
)
def test_what_is_none(text: str, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        read_model(text)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(entry=anything, value=anything)
def test_whatever_is_in_it_is_read_or_refused(entry: Any, value: Any) -> None:
    file = json.loads(FILE)
    file["properties"][7]["dataType"]["specs"]["length"] = entry
    file["properties"][5]["dataType"]["specs"] = file["properties"][2]["dataType"]["specs"] = entry
    try:
        model = read_model(json.dumps(file))
    except ModelError:
        return
    for known in model.properties.values():
        assert isinstance(known.type.objection(value), str)
        assert all(isinstance(words, str) for words in (known.type.unit, *known.type.choices.values()))
