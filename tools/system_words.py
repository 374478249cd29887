"""What the operating system says of a failure, in the language that counts."""

from .language import N_, _

SAID = (
    N_("Address already in use"),
    N_("Bad file descriptor"),
    N_("Broken pipe"),
    N_("Cannot assign requested address"),
    N_("Connection refused"),
    N_("Connection reset by peer"),
    N_("Connection timed out"),
    N_("Device or resource busy"),
    N_("Directory not empty"),
    N_("File exists"),
    N_("File name too long"),
    N_("Input/output error"),
    N_("Invalid argument"),
    N_("Is a directory"),
    N_("Name or service not known"),
    N_("Network is unreachable"),
    N_("No address associated with hostname"),
    N_("No route to host"),
    N_("No space left on device"),
    N_("No such device"),
    N_("No such device or address"),
    N_("No such file or directory"),
    N_("No such process"),
    N_("Not a directory"),
    N_("Operation not permitted"),
    N_("Operation timed out"),
    N_("Permission denied"),
    N_("Read-only file system"),
    N_("Temporary failure in name resolution"),
    N_("Too many open files"),
)
"""As Linux and macOS have it in errno's and getaddrinfo()'s words; Windows speaks its user's language by itself."""


def reason(error: OSError) -> str:
    """Why it failed, without what it was about."""
    return _(error.strerror) if error.strerror else str(error)


def failure(error: Exception) -> str:
    """What failed and why, in one line."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {reason(error)}" if error.filename else reason(error)
    return str(error)
