"""Commands by name, or as text: what a program has of them. Loaded by the first that it says so; stays."""

from .log import rare


class Commands:
    """Stands for the function of Device.command() where there are several, or one that wants text."""

    def __init__(self, device):
        self.named = []  # (name, function, whether it wants text)
        self._others = device._obey, False  # function, None for none, and the same
        self._device = device
        device._obey = self
        device.command = self._declare

    def _declare(self, obey=None, **options):
        """In place of Device.command(), which would put the function where this is."""
        return rare("by_name").command(self._device, obey, options)

    def add(self, name, function, text):
        """name: bytes, none for all that have no function of their own."""
        if name:
            self.named = [other for other in self.named if other[0] != name] + [(name, function, text)]
        else:
            self._others = function, text

    def __call__(self, payload):
        command = payload.strip()
        for name, function, text in self.named:
            rest = command[len(name) :]
            if command[: len(name)] == name and rest[:1] in (b"", b"=", b" ", b"?"):
                rest = rest.strip()
                if rest[:1] == b"=":
                    rest = rest[1:].strip()
                return function(rest.decode() if text else rest)
        function, text = self._others
        if function:
            return function(payload.decode() if text else payload)
        return "error: no such command; there are " + ", ".join([name.decode() for name, _, _ in self.named])
