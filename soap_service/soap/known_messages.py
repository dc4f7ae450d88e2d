"""Known messages: a platform sends the same bytes each time but for one value; those need no second parse.

A message that the strict reader has read is remembered as the bytes before and after its value, but only after the
reader has also read it with another value there: so the place is known to be plain text of that argument, and any other
value of ASCII letters and digits reads the same. A handful is kept, the least used forgotten first.
"""

from dataclasses import dataclass

from soap_service.soap.message import Message, MessageRefused, Operation, SoapVersion
from soap_service.soap.reader import read_message

MAX_KNOWN = 16
MAX_KNOWN_BYTES = 4_096
MAX_VALUE = 20
#: Stands where a value stood, to see that the reader finds it there.
_PROBE = "Probe7"


@dataclass(frozen=True)
class KnownMessage:
    """What stands around the value of one argument, and what the whole means."""

    content_type: str
    before: bytes
    after: bytes
    version: SoapVersion
    operation: Operation
    argument: str


class KnownMessages:
    """The known messages of one process."""

    def __init__(self) -> None:
        self._known: list[KnownMessage] = []

    def recall(self, content_type: str, body: bytes) -> Message | None:
        """Return what the strict reader would, for a known body around a plain value; else None."""
        for index, known in enumerate(self._known):
            if body.startswith(known.before) and body.endswith(known.after) and content_type == known.content_type:
                value = body[len(known.before) : len(body) - len(known.after)]
                if value.isalnum() and len(value) <= MAX_VALUE:  # of bytes: ASCII letters and digits
                    if index:
                        self._known.insert(0, self._known.pop(index))
                    return Message(known.version, known.operation, {known.argument: value.decode("ascii")})
        return None

    def learn(self, content_type: str, body: bytes, message: Message) -> None:
        """Remember a message that was read, if it is plain."""
        if len(message.texts) != 1 or len(body) > MAX_KNOWN_BYTES:
            return
        ((argument, text),) = message.texts.items()
        value = (text or "").encode()
        if not value.isalnum() or len(value) > MAX_VALUE or body.count(value) != 1 or text == _PROBE:
            return  # the probe itself would read the same wherever it stood
        before, after = body.split(value)
        if self._reads_as(content_type, before + _PROBE.encode() + after, message, argument):
            known = KnownMessage(content_type, before, after, message.version, message.operation, argument)
            self._known = [known, *self._known][:MAX_KNOWN]

    @staticmethod
    def _reads_as(content_type: str, body: bytes, message: Message, argument: str) -> bool:
        """Tell whether the body reads as the message does, but for the probe in its one argument."""
        try:
            probed = read_message(body, content_type, {message.operation.name: message.operation})
        except MessageRefused:
            return False
        return probed == Message(message.version, message.operation, {argument: _PROBE})
