"""Telephony gateway of a service desk: four SOAP services and the agents' screens."""

__version__ = "0.1.0"
