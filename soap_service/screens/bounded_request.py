"""A browser's request, with bounds to what is read of it."""

from typing import TYPE_CHECKING

from werkzeug.wrappers import Request

from soap_service.asgi.wsgi_bridge import LARGEST_BODY

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

_LARGEST_FORM = 64 * 1024
#: A file that is uploaded, with its form.
LARGEST_UPLOAD = 8 * 1024 * 1024


class BoundedRequest(Request):
    """A request whose body may be a form, not a load; with a file as much as the server has let in."""

    max_form_memory_size = _LARGEST_FORM
    max_form_parts = 100

    def __init__(self, environ: "WSGIEnvironment") -> None:
        super().__init__(environ)
        self.largest_body: int = environ.get(LARGEST_BODY, _LARGEST_FORM)
        self.max_content_length = self.largest_body
        if self.largest_body > _LARGEST_FORM:  # Werkzeug counts what it reads of a file at a time, too
            self.max_form_memory_size = 4 * _LARGEST_FORM
