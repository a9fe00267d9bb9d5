"""Pickles read as what they are: a small program that describes values. Nothing in it is looked up, called or imported.

Python's own reader does what the program says: it imports whatever it names and calls it, and takes memory for
whatever length it gives. Here a name stays a name, a call stays the record of a call (`Built`), and lengths are held
against what there is. What the records mean is for the caller to decide. Even names are refused unless the caller
knows them, so that a file with anything strange in it is not half-understood.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, NamedTuple

from firth.errors import FormatError

MAGIC = tuple(bytes([0x80, protocol]) for protocol in range(2, 6))
"""How pickles of the protocols 2 to 5 begin."""

_SHORT = 1 << 16


class Name(NamedTuple):
    """The name of a class or function, which nobody looks up."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


class Built:
    """The record of an object that a pickle wants made.

    Parameters
    ----------
    kind : Name
        What it wants called.
    arguments : tuple
        What with.

    Attributes
    ----------
    state : object
        What it wants set afterwards; None where nothing is.
    """

    __slots__ = ("arguments", "kind", "state")

    def __init__(self, kind: Name, arguments: Any) -> None:
        self.kind, self.arguments = kind, arguments
        self.state: Any = None


# What hashes quickly: records, such as those of NumPy's numbers, do it by identity.
_KEYS = {str, int, bytes, float, bool, type(None), Built}


def read_pickle(data: bytes, knows: Callable[[Name], bool], name: object) -> Any:
    """Return what a pickle describes: Python's plain values, `Name` and `Built`.

    Parameters
    ----------
    data : bytes
        The pickle, of protocol 2 to 5. Long bytes in it are returned as views of it.
    knows : callable
        Tells whether a name may stand in it.
    name : object
        What to call it in messages.

    Raises
    ------
    FormatError
        It is truncated or damaged, names what is not known, or uses what no array and no model needs.
    """
    try:
        return _Machine(data, knows, name).run()
    except FormatError:
        raise
    except (
        IndexError,
        KeyError,
        ValueError,
        TypeError,
        AttributeError,
        struct.error,
        OverflowError,
    ) as error:
        raise FormatError(
            f"{name} is truncated or damaged: {type(error).__name__} in its pickle; copy or save it anew"
        ) from error


class _Machine:
    """Goes through a pickle with a stack and a memo, as Python does; see the standard library's ``pickletools``."""

    def __init__(self, data: bytes, knows: Callable[[Name], bool], name: object) -> None:
        self.data, self.view, self.at = data, memoryview(data), 0
        self.knows, self.name = knows, name
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}

    def run(self) -> Any:
        """Do what stands there, up to the full stop."""
        data, stack, memo = self.data, self.stack, self.memo
        end, rare = len(data), _OPERATIONS
        while self.at < end:
            code = data[self.at]
            self.at += 1
            # What a vocabulary is made of comes first: texts, places in the memo, small numbers.
            if code == 0x94:  # MEMOIZE
                memo[len(memo)] = stack[-1]
            elif code == 0x8C:  # SHORT_BINUNICODE
                stop = self.at + 1 + data[self.at]
                stack.append(self.text(self.at + 1, stop))
                self.at = stop
            elif code == 0x6A:  # LONG_BINGET
                stack.append(memo[int.from_bytes(self.take(4), "little")])
            elif code == 0x4D:  # BININT2
                stack.append(int.from_bytes(self.take(2), "little"))
            elif code == 0x4A:  # BININT
                stack.append(int.from_bytes(self.take(4), "little", signed=True))
            elif code == 0x2E:  # STOP
                return stack.pop()
            elif code in rare:
                rare[code](self)
            else:
                raise FormatError(
                    f"{self.name} is damaged, or no pickle of gensim's: operation {code:#04x} at byte {self.at - 1:,}"
                )
        raise FormatError(f"{self.name} is truncated: its pickle has no end; copy or save it anew")

    def take(self, length: int) -> bytes:
        """Return the next bytes."""
        start, self.at = self.at, self.at + length
        self.check(self.at)
        return self.data[start : self.at]

    def check(self, stop: int) -> None:
        """Refuse a length beyond the end."""
        if stop > len(self.data):
            raise FormatError(
                f"{self.name} is truncated: {stop:,} bytes are promised where there are {len(self.data):,}"
            )

    def text(self, start: int, stop: int) -> str:
        """Return UTF-8 as text."""
        self.check(stop)
        return self.data[start:stop].decode("utf-8", "surrogatepass")

    def long_text(self, width: int) -> None:
        """Push a text whose length stands in `width` bytes."""
        length = int.from_bytes(self.take(width), "little")
        stop = self.at + length
        self.stack.append(self.text(self.at, stop))
        self.at = stop

    def some_bytes(self, width: int) -> None:
        """Push bytes whose length stands in `width` bytes; many of them as a view, not a copy."""
        length = int.from_bytes(self.take(width), "little")
        stop = self.at + length
        self.check(stop)
        self.stack.append(self.data[self.at : stop] if length < _SHORT else self.view[self.at : stop])
        self.at = stop

    def line(self) -> str:
        """Return the text up to the end of the line."""
        stop = self.data.index(b"\n", self.at, self.at + _SHORT)
        text = self.text(self.at, stop)
        self.at = stop + 1
        return text

    def number(self, width: int) -> None:
        """Push a whole number of any size whose length stands in `width` bytes."""
        length = int.from_bytes(self.take(width), "little")
        if length > 1_024:
            raise FormatError(f"{self.name} is damaged: it holds a number of {length:,} bytes")
        self.stack.append(int.from_bytes(self.take(length), "little", signed=True))

    def since_mark(self) -> list[Any]:
        """Take everything that was pushed after the last mark."""
        mark = self.marks.pop()
        items = self.stack[mark:]
        del self.stack[mark:]
        return items

    def tuple_of(self, length: int) -> None:
        """Push the last items as a tuple."""
        if length > len(self.stack):
            raise IndexError
        items = tuple(self.stack[len(self.stack) - length :])
        del self.stack[len(self.stack) - length :]
        self.stack.append(items)

    def extend(self, items: list[Any]) -> None:
        """Add items to the list on the stack; what is added to anything else is of no use and dropped."""
        target = self.stack[-1]
        if type(target) is list:
            target.extend(items)
        elif type(target) is not Built:
            raise TypeError

    def update(self, items: list[Any]) -> None:
        """Add keys and values to the dictionary on the stack."""
        target, keys = self.stack[-1], items[::2]
        if type(target) is dict:
            # Pairs of pairs could take for ever to hash.
            if not set(map(type, keys)) <= _KEYS:
                raise FormatError(f"{self.name} holds a dictionary whose keys are no texts or numbers")
            target.update(zip(keys, items[1::2], strict=True))
        elif type(target) is not Built:
            raise TypeError

    def named(self, module: Any, name: Any) -> None:
        """Push a name, if it is known."""
        if type(module) is not str or type(name) is not str:
            raise TypeError
        found = Name(module, name)
        if not self.knows(found):
            raise FormatError(
                f"{self.name} is a pickle that wants {str(found)!r:.80} run, which firth does not do: open it with "
                "the tool that made it, and save it as word2vec text or binary"
            )
        self.stack.append(found)

    def call(self) -> None:
        """Push the record of a call."""
        arguments, kind = self.stack.pop(), self.stack.pop()
        if type(kind) is not Name or type(arguments) is not tuple:
            raise TypeError
        self.stack.append(Built(kind, arguments))

    def call_with_names(self) -> None:
        """Push the record of a call with named arguments, which nobody needs."""
        self.stack.pop()
        self.call()

    def build(self) -> None:
        """Note the state of an object."""
        state = self.stack.pop()
        if type(self.stack[-1]) is not Built:
            raise TypeError
        self.stack[-1].state = state

    def put(self, place: int) -> None:
        """Keep what is on the stack."""
        self.memo[place] = self.stack[-1]

    def pop_mark(self) -> None:
        """Forget what was pushed after the last mark."""
        self.since_mark()

    def stack_global(self) -> None:
        """Push the name that the last two texts make."""
        name, module = self.stack.pop(), self.stack.pop()
        self.named(module, name)


def _push(value: Callable[[], Any]) -> Callable[[_Machine], None]:
    return lambda machine: machine.stack.append(value())


_OPERATIONS: dict[int, Callable[[_Machine], Any]] = {
    0x80: lambda m: m.take(1),  # PROTO
    0x95: lambda m: m.take(8),  # FRAME, which only says how much to read at once
    ord("("): lambda m: m.marks.append(len(m.stack)),
    ord("0"): lambda m: m.stack.pop(),
    ord("1"): _Machine.pop_mark,
    ord("2"): lambda m: m.stack.append(m.stack[-1]),
    ord("N"): _push(lambda: None),
    0x88: _push(lambda: True),
    0x89: _push(lambda: False),
    ord("]"): _push(list),
    ord("}"): _push(dict),
    ord(")"): _push(tuple),
    0x8F: _push(list),  # EMPTY_SET
    ord("K"): lambda m: m.stack.append(m.take(1)[0]),
    0x8A: lambda m: m.number(1),
    0x8B: lambda m: m.number(4),
    ord("G"): lambda m: m.stack.append(struct.unpack(">d", m.take(8))[0]),
    ord("X"): lambda m: m.long_text(4),
    0x8D: lambda m: m.long_text(8),
    ord("U"): lambda m: m.some_bytes(1),
    ord("T"): lambda m: m.some_bytes(4),
    ord("C"): lambda m: m.some_bytes(1),
    ord("B"): lambda m: m.some_bytes(4),
    0x8E: lambda m: m.some_bytes(8),
    0x96: lambda m: m.some_bytes(8),  # BYTEARRAY8
    ord("t"): lambda m: m.stack.append(tuple(m.since_mark())),
    0x85: lambda m: m.tuple_of(1),
    0x86: lambda m: m.tuple_of(2),
    0x87: lambda m: m.tuple_of(3),
    ord("l"): lambda m: m.stack.append(m.since_mark()),
    0x91: lambda m: m.stack.append(m.since_mark()),  # FROZENSET
    ord("a"): lambda m: m.extend([m.stack.pop()]),
    ord("e"): lambda m: m.extend(m.since_mark()),
    0x90: lambda m: m.extend(m.since_mark()),  # ADDITEMS
    ord("s"): lambda m: m.update([m.stack.pop(-2), m.stack.pop()]),
    ord("u"): lambda m: m.update(m.since_mark()),
    ord("c"): lambda m: m.named(m.line(), m.line()),
    0x93: _Machine.stack_global,
    ord("R"): _Machine.call,
    0x81: _Machine.call,  # NEWOBJ
    0x92: _Machine.call_with_names,
    ord("b"): _Machine.build,
    ord("q"): lambda m: m.put(m.take(1)[0]),
    ord("r"): lambda m: m.put(int.from_bytes(m.take(4), "little")),
    ord("h"): lambda m: m.stack.append(m.memo[m.take(1)[0]]),
}
