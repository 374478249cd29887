"""What a program has of a property. It stays for as long as the program runs, and so is apart from what makes it."""


class Property:
    """A property of the device. Called, it is its function: the value, or None for no value now. `set` is the function
    that takes a new value, None for a property that can only be read."""

    def __init__(self, name, get):
        self.id = name
        self.get = get
        self.set = None

    def __call__(self):
        return self.get()

    def setter(self, function):
        """Decorator: calls the function with each value that the platform sets. An exception is the answer, then."""
        self.set = function
        return self
