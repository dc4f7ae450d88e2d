"""What agents' browsers are told while it happens, besides new calls: every kind, whom it concerns and what it carries.

An event is written with `storage.live_events.publish` in the transaction of what changed, and reaches each browser
concerned within two seconds, at every node. A page subscribes to it by its kind (`static/live/events.js`). An event may
come twice after a broken line, so acting on it twice must change nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class LiveEventKind(StrEnum):
    """The kinds. `ref` and the fields named are what a page's handler gets."""

    #: One log-in ended: `ref` is its digest in hexadecimal. The server ends its streams; `reason` is "logout",
    #: "password" when its agent chose another one elsewhere, "ended" when its agent or an administrator ended it.
    LOGIN_ENDED = "loginEnded"
    #: All log-ins of `agent_id` ended. The server ends their streams; `reason` is "disabled" or "password".
    LOGINS_ENDED = "loginsEnded"
    #: A call was answered: `ref` is its token, `by` the name of who answered it.
    CALL_ANSWERED = "callAnswered"
    #: A call was announced again at another extension: `ref` is its token, `to` the extension.
    CALL_TRANSFERRED = "callTransferred"
    #: An agent saw a call for the first time: `ref` is its token.
    CALL_SEEN = "callSeen"
    #: A missed call was returned: `ref` is its token, `by` the name of who called back.
    CALL_RETURNED = "callReturned"
    #: `agent_id` looked at the list of calls: what was missed is no news any more.
    CALLS_LOOKED_AT = "callsLookedAt"
    #: For the server itself: `streams` are the ids, separated by blanks, of streams whose browsers proved at another
    #: process that they receive.
    STREAMS_PROVED = "streamsProved"
    #: A request was opened or changed: `ref` is its number, `by` the name of who did, `version` which it is now. A new
    #: child request leaves it as it is: then `child` is the child's number.
    REQUEST_CHANGED = "requestChanged"


#: After these no stream of whom they concern goes on.
ENDING = frozenset({LiveEventKind.LOGIN_ENDED, LiveEventKind.LOGINS_ENDED})
#: After these the missed calls of whom they concern are counted again.
RECOUNTING = frozenset(
    {
        LiveEventKind.CALL_ANSWERED,
        LiveEventKind.CALL_TRANSFERRED,
        LiveEventKind.CALL_RETURNED,
        LiveEventKind.CALLS_LOOKED_AT,
    }
)


@dataclass(frozen=True)
class LiveEvent:
    """Something that happened, for browsers subscribed to `extension` and those of `agent_id`; without both, for all.

    The kind may be one that only newer nodes know. `id` is given by the database.
    """

    kind: str
    agent_id: int | None = None
    extension: str | None = None
    ref: str = ""
    data: Mapping[str, str] = field(default_factory=dict)
    id: int = 0

    @property
    def is_for_everybody(self) -> bool:
        """Whether it concerns every browser."""
        is_directed = self.agent_id is not None or self.extension is not None
        return not is_directed and self.kind != LiveEventKind.STREAMS_PROVED
