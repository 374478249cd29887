"""esp32: a thermometer."""


def mcu_temperature():
    return 42
