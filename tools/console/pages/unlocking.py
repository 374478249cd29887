"""How a browser gets its rights: the teacher's password, or a device's key, in forms that set a cookie."""

from urllib.parse import parse_qs, quote

from fastapi import FastAPI
from nicegui import ui
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from ..asked import read_body
from ..failures import PlatformError
from ..lock import COOKIE
from ..model import Device
from ..platform import Platform
from .frame import Visit, box, frame, link, part, visit

_LONGEST = 4096  # bytes of a form


@ui.page("/teacher")
def teacher_page(request: Request, wrong: str = "") -> None:
    """Asks for the teacher's password."""
    here = visit(request)
    words = here.words
    with frame(here, words.teacher):
        link("/", words.back, "back")
        part("h1", words.teacher)
        if here.rights.changes:
            part("p", words.teacher_here, "soft")
            return
        part("p", words.teacher_hint, "soft")
        with box("section", "card"):
            _secret_form("/teacher", words.password, words.log_in, words.wrong_password if wrong else "")


def ask_for_key(here: Visit, device: Device, wrong: bool) -> None:
    """A card that asks for the device's key, in place of what it takes it for."""
    words = here.words
    with box("section", "card"):
        part("h2", words.device_locked)
        part("p", words.device_locked_hint, "soft")
        name = words.device_key if device.is_studio else words.auth_info
        address = f"/unlock/{quote(device.id, safe='')}"
        _secret_form(address, name, words.unlock, words.wrong_key if wrong else "")


def _secret_form(address: str, name: str, submit: str, complaint: str) -> None:
    """A form of the browser's own, for a cookie can't be set over the page's connection."""
    with box("form", "command") as made:
        made.props.update({"method": "post", "action": address})
        field = box("input", "secret-field")
        field.props.update({"type": "password", "name": "secret", "aria-label": name, "placeholder": name})
        field.props.update({"autocomplete": "off", "required": True, "maxlength": 512})
        part("button", submit, "btn").props["type"] = "submit"
    said = part("p", complaint, "trouble")
    said.props["role"] = "alert"


def add_unlocking(app: FastAPI, platform: Platform) -> None:
    """Serves where the forms go."""

    async def as_teacher(request: Request) -> Response:
        address = _address(request)
        given = await _secret_in(request)
        cookie = platform.lock.let_in(address, given) if platform.lock.may_try(address) else ""
        return _to("/", cookie) if cookie else _to("/teacher?wrong=1")

    async def with_key(request: Request) -> Response:
        device_id = request.path_params["device_id"]
        page = f"/device/{quote(device_id, safe='')}"
        address = _address(request)
        given = await _secret_in(request)
        if not platform.lock.may_try(address):
            return _to(f"{page}?wrong=1")
        if not platform.is_key_of(device_id, given):
            platform.lock.was_wrong(address)
            return _to(f"{page}?wrong=1")
        return _to(page, platform.lock.hand_over(device_id, request.cookies.get(COOKIE, "")))

    app.add_route("/teacher", as_teacher, methods=["POST"])
    app.add_route("/unlock/{device_id}", with_key, methods=["POST"])


async def _secret_in(request: Request) -> str:
    """What the form has; empty if there is nothing of use."""
    try:
        fields = parse_qs((await read_body(request, _LONGEST)).decode("ascii", "replace"))
    except PlatformError:
        return ""
    return fields.get("secret", [""])[0].strip()


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def _to(page: str, cookie: str = "") -> Response:
    answer = RedirectResponse(page, 303)
    if cookie:
        answer.set_cookie(COOKIE, cookie, httponly=True, samesite="strict")
    return answer
