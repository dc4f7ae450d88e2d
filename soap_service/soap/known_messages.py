"""Known messages: a platform sends the same bytes each time but for its values; those need no second parse.

A message that the strict reader has read is remembered as the bytes around its values, but only after the reader has
also read it with other values there: so each place is known to be plain text of one argument, and any other values of
ASCII letters and digits read the same. A handful is kept, the least used forgotten first.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from soap_service.soap.message import Message, MessageRefused, Operation, SoapVersion
from soap_service.soap.reader import read_message

MAX_KNOWN = 16
MAX_KNOWN_BYTES = 4_096
MAX_VALUE = 20
#: Stands where a value stood, with the number of its place, to see that the reader finds it there.
_PROBE = b"Probe7x"


@dataclass(frozen=True)
class KnownMessage:
    """What stands around the values of the arguments, in their order there, and what the whole means."""

    content_type: str
    before: bytes
    between: tuple[bytes, ...]
    after: bytes
    version: SoapVersion
    operation: Operation
    arguments: tuple[str, ...]

    def values(self, body: bytes) -> list[bytes] | None:
        """Return the values of a body that begins and ends as this one; None unless all are plain."""
        values, rest = [], body[len(self.before) : len(body) - len(self.after)]
        for separator in self.between:
            value, _, rest = rest.partition(separator)
            values.append(value)
        values.append(rest)
        for value in values:
            if not value.isalnum() or len(value) > MAX_VALUE:  # of bytes: ASCII letters and digits
                return None
        return values


class KnownMessages:
    """The known messages of one process."""

    def __init__(self) -> None:
        self._known: list[KnownMessage] = []

    def recall(self, content_type: str, body: bytes) -> Message | None:
        """Return what the strict reader would, for a known body around plain values; else None."""
        for index, known in enumerate(self._known):
            if body.startswith(known.before) and body.endswith(known.after) and content_type == known.content_type:
                values = known.values(body)
                if values is not None:
                    if index:
                        self._known.insert(0, self._known.pop(index))
                    texts = {name: value.decode("ascii") for name, value in zip(known.arguments, values, strict=True)}
                    return Message(known.version, known.operation, texts)
        return None

    def learn(self, content_type: str, body: bytes, message: Message) -> None:
        """Remember a message that was read, if it is plain."""
        if not message.texts or len(body) > MAX_KNOWN_BYTES:
            return
        places = []
        for argument, text in message.texts.items():
            value = (text or "").encode()
            if not value.isalnum() or len(value) > MAX_VALUE or body.count(value) != 1 or _PROBE in value:
                return  # a probe itself would read the same wherever it stood
            places.append((body.index(value), value, argument))
        places.sort()
        arguments = tuple(argument for _, _, argument in places)
        parts, rest = [], body
        for _, value, _ in places:
            part, _, rest = rest.partition(value)
            parts.append(part)
        parts.append(rest)
        if self._reads_as(content_type, parts, message, arguments):
            before, *between, after = parts
            known = KnownMessage(
                content_type, before, tuple(between), after, message.version, message.operation, arguments
            )
            self._known = [known, *self._known][:MAX_KNOWN]

    @staticmethod
    def _reads_as(content_type: str, parts: Sequence[bytes], message: Message, arguments: Sequence[str]) -> bool:
        """Tell whether the body reads as the message does, but for a probe in each of its arguments."""
        probes = [b"%b%d" % (_PROBE, place) for place in range(len(arguments))]
        body = b"".join(part + probe for part, probe in zip(parts, [*probes, b""], strict=True))
        try:
            probed = read_message(body, content_type, {message.operation.name: message.operation})
        except MessageRefused:
            return False
        texts = {argument: probe.decode() for argument, probe in zip(arguments, probes, strict=True)}
        return probed == Message(message.version, message.operation, texts)
