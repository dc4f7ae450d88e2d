"""The SOAP endpoint: bytes in, one message run, bytes out."""
