"""The HTML pages: a plain WSGI application."""
