"""The service that child requests are opened for: parameters 282 and 283."""

from sqlalchemy.orm import Session

from soap_service.errors import InvalidValue, Reason, ServiceNotFound
from soap_service.model import Service
from soap_service.rules.parameters import CHILD_REQUEST_ON, CHILD_REQUEST_SERVICE, clean_value
from soap_service.storage.catalogue import active_service
from soap_service.storage.parameters import value_of
from soap_service.storage.part import Part


class ChildRequests(Part):
    """Whether viewing a request opens a child request."""

    def find_problem(self) -> Reason | None:
        """Return why none is opened although 282 is S; None when all is well."""
        with self._database.reading() as session:
            return child_service(session)[1]


def child_service(session: Session) -> tuple[Service | None, Reason | None]:
    """Return the service of parameter 283 when 282 is S, else None; and the reason when it is missing."""
    if value_of(session, CHILD_REQUEST_ON) != "S":
        return None, None
    chosen = value_of(session, CHILD_REQUEST_SERVICE)
    if not chosen:
        return None, Reason.CHILD_SERVICE_MISSING
    try:
        # Somebody may have written it by hand.
        return active_service(session, int(clean_value(CHILD_REQUEST_SERVICE, chosen))), None
    except (ServiceNotFound, InvalidValue, ValueError):
        return None, Reason.CHILD_SERVICE_WRONG
