"""The rules of the desk: pure, without store, HTTP or SOAP."""
