"""What a Device hands on to modules that are seldom loaded. On a board its methods for that are functions here, put
there as its modules are compiled; loaded for each call, and forgotten.
"""

from .log import rare  # noqa: F401 - for them


def of(device, name):
    """The method of this name, for Device.__getattr__(). Raises AttributeError where there is none."""
    function = globals().get(name)
    if name == "rare" or name == "of" or not callable(function):
        raise AttributeError("'Device' object has no attribute '%s'" % name)
    return lambda *args, **options: function(device, *args, **options)
