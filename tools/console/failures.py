"""What the platform refuses, with the number OneNET's HTTP API gives it."""

from ..language import _


class PlatformError(Exception):
    """Something that can't be done; says what is wrong, and what would be right."""

    errno = 1


class InvalidParameter(PlatformError):
    errno = 6


class MissingParameter(PlatformError):
    errno = 7


class UnknownDevice(PlatformError):
    errno = 8

    def __init__(self, device_id: str) -> None:
        super().__init__(_("device not found: {device_id}").format(device_id=device_id))


class UnknownStream(PlatformError):
    errno = 8

    def __init__(self, stream_id: str) -> None:
        super().__init__(_("datastream not found: {stream_id}").format(stream_id=stream_id))


class UnknownCommand(PlatformError):
    errno = 8

    def __init__(self, uuid: str) -> None:
        super().__init__(_("command not found: {uuid}").format(uuid=uuid))


class UnknownTopic(PlatformError):
    errno = 8

    def __init__(self, name: str) -> None:
        super().__init__(_("topic not found: {name}").format(name=name))


class UnknownFile(PlatformError):
    errno = 8

    def __init__(self, index: str) -> None:
        super().__init__(_("binary data not found: {index}").format(index=index))


class UnknownKey(PlatformError):
    errno = 8

    def __init__(self) -> None:
        super().__init__(_("api-key not found"))


class UnknownTrigger(PlatformError):
    errno = 8

    def __init__(self, trigger_id: str) -> None:
        super().__init__(_("trigger not found: {trigger_id}").format(trigger_id=trigger_id))


class UnknownPackage(PlatformError):
    errno = 8

    def __init__(self, digest: str) -> None:
        super().__init__(_("package not found: {digest}; send it again").format(digest=digest[:16]))


class UnknownCall(PlatformError):
    errno = 8


class EntityMissing(PlatformError):
    errno = 9


class EntityTooLarge(PlatformError):
    errno = 5


class DeviceOffline(PlatformError):
    errno = 10

    def __init__(self, device_id: str) -> None:
        super().__init__(_("device not online: {device_id}").format(device_id=device_id))


class DatastreamExists(PlatformError):
    errno = 11

    def __init__(self, stream_id: str) -> None:
        super().__init__(_("datastream exists: {stream_id}").format(stream_id=stream_id))


class AlreadyExists(PlatformError):
    errno = 12


class SystemLimit(PlatformError):
    errno = 13


class WaitedInVain(PlatformError):
    """What the call that waits for a reply says with numbers of its own [设备命令]."""


class NobodyToWaitFor(WaitedInVain):
    errno = 12

    def __init__(self) -> None:
        super().__init__(_("device not found"))


class NotThereToReply(WaitedInVain):
    errno = 13

    def __init__(self) -> None:
        super().__init__(_("device not online"))


class NoReplyInTime(WaitedInVain):
    errno = 14

    def __init__(self) -> None:
        super().__init__(_("cmd response timeout"))


class KeyRequired(PlatformError):
    errno = 2

    def __init__(self) -> None:
        super().__init__(_("api-key is required"))


class AuthFailed(PlatformError):
    errno = 3

    def __init__(self, words: str = "") -> None:
        super().__init__(_("auth failed: {words}").format(words=words) if words else _("auth failed"))


class BadJson(PlatformError):
    errno = 4


class Unsuccessful(PlatformError):
    errno = 16
