"""ASGI: HTTP messages, uvicorn's protocol with limits, the bridge to WSGI."""
