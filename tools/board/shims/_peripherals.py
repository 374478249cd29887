"""Where the parts of `machine` are that are imported when first used."""

import _host

_HOMES = {
    "Timer": "_interrupts",
    "ADC": "_analog",
    "PWM": "_analog",
    "I2C": "_i2c",
    "SoftI2C": "_i2c",
    "SPI": "_spi",
    "SoftSPI": "_spi",
    "UART": "_uart",
    "bitstream": "_pulses",
    "dht_readinto": "_pulses",
}


def find(name):
    """The class or function `name` of `machine`, which keeps it from now on. Raises AttributeError."""
    import machine

    if name == "__all__":  # for `from machine import *`
        return [public for public in machine.__dict__ if public[0] != "_"] + list(_HOMES)
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"'module' object has no attribute '{name}'")
    found = getattr(_host.load(home), name)
    setattr(machine, name, found)
    return found


def find_all():
    """For a board with a heap of the chip's size, which is not to pay for what is in flash there."""
    for name in _HOMES:
        find(name)


def pin_id(pin):
    """The number of `pin`, a Pin or a number. Raises ValueError("invalid pin")."""
    from machine import Pin

    if not isinstance(pin, Pin):
        pin = Pin(pin)
    return pin._id
