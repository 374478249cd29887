def reason() -> str:
    """Why the board woke from deep sleep: "timer", "pin", "touch", "ulp" or "serial"; empty where it was no deep sleep
    that ended."""
