"""What the current platform's HTTP API refuses, with its codes [seen]: a published enum of them, answers in logs."""

from ..failures import PlatformError


class StudioError(PlatformError):
    """Something that can't be done, with the code of the cloud API; 500 is any other failure."""

    code = 500


class BadParameter(StudioError):
    code = 10001


class NotAuthorised(StudioError):
    code = 10403

    def __init__(self, words: str = "") -> None:
        super().__init__(f"authentication failed:invalid authorization{words and f' ({words})'}")


class DeviceExists(StudioError):
    code = 10406


class UnknownProduct(StudioError):
    code = 10408

    def __init__(self, product_id: str) -> None:
        super().__init__(f"product not exist: {product_id}")


class UnknownName(StudioError):
    code = 10410

    def __init__(self, name: str) -> None:
        super().__init__(f"device not exist: {name}")


class NoAnswer(StudioError):
    """The code has a second meaning: see Unsettable."""

    code = 10411

    def __init__(self) -> None:
        super().__init__("设备响应超时")


class Unsettable(StudioError):
    code = 10411

    def __init__(self, identifier: str, words: str) -> None:
        super().__init__(f"属性设置失败:identifier: {identifier}, error: {words}")


class ServiceFailed(StudioError):
    code = 10415


class NoModel(StudioError):
    code = 10417

    def __init__(self) -> None:
        super().__init__("产品物模型未找到")


class NotOnline(StudioError):
    code = 10421

    def __init__(self) -> None:
        super().__init__("device not online")


class NotSubscribed(StudioError):
    code = 10500

    def __init__(self) -> None:
        super().__init__("device not subscribed")
