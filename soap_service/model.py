"""The tables as mapped classes, and the rules that are about one row. No sessions, no queries.

They stand in `tables`, one subject a module; those of requests, people and calls are taken from here. Instants are UTC;
documents are normalised (`documents.normalise_document`). `glossary` maps the names to the Portuguese words of the wire
and the screens.
"""

from soap_service.rules.calls import CallState, Notice
from soap_service.tables.administration import Integration, Parameter, ParameterChange
from soap_service.tables.base import Base
from soap_service.tables.calls import Call, CallHour, CallRequest, RecentCall, Refusal
from soap_service.tables.people import Contact, Requester, RequesterName
from soap_service.tables.requests import PrioritySla, Request, RequestEvent, RequestStop, Service
from soap_service.tables.staff import (
    Agent,
    AgentIdentity,
    Extension,
    Group,
    KnownBrowser,
    Listener,
    LoginBudget,
    LoginSession,
    Membership,
    PendingLogin,
    PendingSignOn,
    RecoveryCode,
    SecondFactor,
)

__all__ = [
    "Agent",
    "AgentIdentity",
    "Base",
    "Call",
    "CallHour",
    "CallRequest",
    "CallState",
    "Contact",
    "Extension",
    "Group",
    "Integration",
    "KnownBrowser",
    "Listener",
    "LoginBudget",
    "LoginSession",
    "Membership",
    "Notice",
    "Parameter",
    "ParameterChange",
    "PendingLogin",
    "PendingSignOn",
    "PrioritySla",
    "RecentCall",
    "RecoveryCode",
    "Refusal",
    "Request",
    "RequestEvent",
    "RequestStop",
    "Requester",
    "RequesterName",
    "SecondFactor",
    "Service",
]
