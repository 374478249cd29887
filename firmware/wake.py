"""Why the board woke from deep sleep, for programs and the log."""

import machine

_REASONS = ("", "", "pin", "pin", "timer", "touch", "ulp", "pin", "serial")  # by esp_sleep_source_t of ESP-IDF


def reason():
    """One of the words "timer", "pin", "touch", "ulp" and "serial"; empty where it was no deep sleep that ended. An
    ESP8266 has its timer alone: whatever else pulls its RST down is a hard reset."""
    if machine.reset_cause() != machine.DEEPSLEEP_RESET:
        return ""
    number = machine.wake_reason() if hasattr(machine, "wake_reason") else 4
    return _REASONS[number] if number < len(_REASONS) else str(number)
