"""The lines DTR and RTS of a board's serial port, as a port server (RFC 2217) has them."""

from collections.abc import Callable


class Lines:
    """The port server's serial port, with the two transistors between its lines and the chip's IO0 and EN.

    RTS alone holds the chip in reset, DTR alone pulls IO0 down, both do nothing. Once RTS lets go, the chip starts, and
    looks at IO0: `reset` is told whether it is held down.
    """

    def __init__(self, reset: Callable[[bool], None]) -> None:
        self._reset = reset
        self._held = False
        self._dtr = self._rts = False
        self.baudrate, self.bytesize, self.parity, self.stopbits = 115200, 8, "N", 1
        self.xonxoff = self.rtscts = self.break_condition = False
        self.cts = self.dsr = self.ri = self.cd = False

    @property
    def dtr(self) -> bool:
        return self._dtr

    @dtr.setter
    def dtr(self, value: bool) -> None:
        self._dtr = value
        self._changed()

    @property
    def rts(self) -> bool:
        return self._rts

    @rts.setter
    def rts(self, value: bool) -> None:
        self._rts = value
        self._changed()

    def _changed(self) -> None:
        if self._rts and not self._dtr:
            self._held = True
        elif self._held and not self._rts:
            self._held = False
            self._reset(self._dtr)

    def reset_input_buffer(self) -> None:
        pass

    reset_output_buffer = reset_input_buffer
