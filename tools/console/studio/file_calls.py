"""The HTTP API's calls for files of devices [API list]. Fields of answers are those that programs read [seen]; files
are uploaded with the account's token [seen], and a product's access_key opens those of its devices.

Not known, and so a guess here: the code for a file that is not there, or is too much: 500, any other failure.
"""

from pathlib import PureWindowsPath
from typing import Any

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from ..database import utc
from ..model import Device
from ..platform import Platform
from .asked_thing import Asked
from .device_calls import time_text
from .failures import BadParameter, StudioError
from .files import MOST, MOST_OF_A_DEVICE, SPACE, SUFFIXES, StoredFile

_AROUND = 65_536  # bytes that a form may have besides the file


async def upload(platform: Platform, request: Request) -> dict[str, Any]:
    """A form with product_id, device_name and file. Neither the imei in place of a name, which boards here have not,
    nor md5 and size, which once were in it, are looked at."""
    length = request.headers.get("content-length", "")
    if not length.isdecimal() or int(length) > MOST + _AROUND:
        raise BadParameter(f"file: at most {MOST >> 20} MB, in a body whose Content-Length says how long it is")
    try:
        async with request.form(max_files=1, max_fields=16) as form:
            texts = {name: value for name, value in form.items() if isinstance(value, str)}
            device = Asked(platform, request.headers.get("authorization", ""), texts).device(change=True)
            file = form.get("file")
            if not isinstance(file, UploadFile):
                raise BadParameter("file is required, in multipart/form-data")
            return {"fid": _kept(platform, device, file.filename or "", await file.read())}
    except HTTPException as error:
        raise BadParameter(str(error.detail)) from error


def _kept(platform: Platform, device: Device, name: str, data: bytes) -> str:
    files = platform.store.studio_files
    if PureWindowsPath(name).suffix.lower().lstrip(".") not in SUFFIXES:
        raise BadParameter(f"file: its name must end with .{', .'.join(SUFFIXES)}")
    if not 0 < len(data) <= MOST:
        raise BadParameter(f"file: must have 1 byte to {MOST >> 20} MB")
    if files.count(device.id) >= MOST_OF_A_DEVICE:
        raise StudioError(f"a device has at most {MOST_OF_A_DEVICE} files")
    if files.used() + len(data) > SPACE:
        raise StudioError("no space left for files")
    return files.add(device.id, PureWindowsPath(name).name, data)


def list_(it: Asked) -> dict[str, Any]:
    """All of the account's; limit up to 1,000 [seen]."""
    it.account()
    offset, limit = it.number("offset", 0, 0, 10**9), it.number("limit", 10, 1, 1000)
    files = it.platform.store.studio_files
    meta = {"limit": limit, "offset": offset, "total": files.count()}
    return {"meta": meta, "list": [_described(it, file) for file in files.latest(limit, offset)]}


def space(it: Asked) -> dict[str, Any]:
    """In bytes."""
    it.account()
    used = it.platform.store.studio_files.used()
    return {"use_size": used, "has_size": SPACE - used, "total_size": SPACE}


def count(it: Asked) -> dict[str, Any]:
    return {"upper_limit": MOST_OF_A_DEVICE, "files_total": it.platform.store.studio_files.count(it.device().id)}


def download(it: Asked) -> Response:
    """The file itself, with no envelope around it."""
    file = _file(it, change=False)
    return Response(it.platform.store.studio_files.data(file.fid), media_type="application/octet-stream")


def delete(it: Asked) -> None:
    it.platform.store.studio_files.remove(_file(it, change=True).fid)


def _file(it: Asked, change: bool) -> StoredFile:
    """The one in question. Who may not have it does not learn whether there is one."""
    fid = it.text("fid")
    file = it.platform.store.studio_files.find(fid)
    if file is None:
        it.account()
        raise StudioError(f"file not exist: {fid[:32]}")
    device = it.platform.device(file.device_id)
    it.allow(device.product_id, device.name, change)
    return file


def _described(it: Asked, file: StoredFile) -> dict[str, Any]:
    device = it.platform.device(file.device_id)
    whose = {"product_id": device.product_id, "device_name": device.name}
    return {"fid": file.fid, "name": file.name, "file_size": file.size, "ct": time_text(utc(file.created)), **whose}
