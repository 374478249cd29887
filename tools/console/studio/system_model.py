"""The platform's own function points, which any product's thing model may take in: where a device is, by the cells and
by the access points that it sees [studio docs], 物模型系统功能点列表."""

from typing import Any

CELLS, WIFI = "$OneNET_LBS", "$OneNET_LBS_WIFI"

_CELL = {
    "mnc": "移动网号",
    "mcc": "移动国家号码",
    "lac": "地区区域码",
    "cid": "基站码",
    "networkType": "网络制式",
    "ss": "信号强度",
    "signalLength": "当前基站广播信号强度",
    "ta": "移动台距以确定其发往基站的定时超前量",
    "flag": "基站信息数字进制",
}
_POINT = {
    "imsi": "移动用户识别码",
    "serverip": "设备接入基站时对应的网关ip",
    "macs": "可以接收到的热点mac信息",
    "mmac": "已连热点mac信息",
    "smac": "手机mac码",
    "idfa": "IOS手机的idfa",
}
_INT32 = {"type": "int32", "specs": {"min": "-2147483648", "max": "2147483647"}}
_STRING = {"type": "string", "specs": {"length": "255"}}


def system_model() -> dict[str, Any]:
    """As the platform answers it; there are no events."""
    cells = {"size": "3", "items": {"type": "struct", "specs": _fields(_CELL, _INT32)}}
    properties = [
        _property(CELLS, "基站定位", {"type": "array", "specs": cells}),
        _property(WIFI, "WiFi定位", {"type": "struct", "specs": _fields(_POINT, _STRING)}),
    ]
    return {"properties": properties, "events": None}


def _fields(names: dict[str, str], data_type: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"identifier": identifier, "name": name, "dataType": data_type} for identifier, name in names.items()]


def _property(identifier: str, name: str, data_type: dict[str, Any]) -> dict[str, Any]:
    kind = {"functionType": "s", "functionMode": "property", "desc": None, "accessMode": "r"}
    return {"name": name, "identifier": identifier, **kind, "dataType": data_type}
