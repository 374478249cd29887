"""What a target makes of the bytes it is given: choices first, then what is left. Where there are no more, all is 0."""


class Taken:
    def __init__(self, data):
        self._data = data
        self._at = 0

    def __len__(self):
        """Bytes that are left."""
        return len(self._data) - self._at

    def below(self, n):
        """A number from 0 to n - 1; n: up to 256."""
        data = self.some(1)
        return data[0] % n if data else 0

    def one_of(self, choices):
        return choices[self.below(len(choices))]

    def some(self, n):
        """The next n bytes, or as many as there are."""
        data = self._data[self._at : self._at + n]
        self._at += len(data)
        return data

    def rest(self):
        return self.some(len(self))

    def until(self, end):
        """The bytes up to this one, or all."""
        at = self._data.find(bytes([end]), self._at)
        if at < 0:
            return self.rest()
        data = self.some(at - self._at)
        self._at += 1
        return data
