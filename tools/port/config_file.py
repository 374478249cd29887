"""config.json on a board."""

from ..language import _
from .board_config import Config, NotJson, parsed, to_file
from .connection import Connection
from .errors import PortError

FILE = "/config.json"


def read_config(connection: Connection) -> Config | None:
    """What the board has; None if it has nothing. Raises PortError if that is no JSON object."""
    data = connection.read_file(FILE)
    if data is None:
        return None
    try:
        config = parsed(data)
        why = _("is no JSON object")
    except NotJson as error:
        config, why = None, str(error)
    if isinstance(config, dict):
        return config
    raise PortError(
        _(
            "config.json on the board at {port} {why}. Write it anew: onenet config --replace, or "
            "copy a better one: mpremote cp config.json :"
        ).format(port=connection.port, why=why)
    )


def write_config(connection: Connection, config: Config) -> None:
    """In one step: whatever happens, the board has the old file or the new one. A change from afar that has not proved
    itself yet does not take it back."""
    connection.exec("import os")
    connection.write_file(f"{FILE}.new", to_file(config))
    connection.exec("if 'config.back' in os.listdir('/'): os.remove('/config.back')")
    connection.exec(f"os.rename('{FILE}.new','{FILE}')")
