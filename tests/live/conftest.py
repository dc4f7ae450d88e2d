"""The desk of the browser tests, here too."""

from tests.browser.conftest import desk as desk
from tests.browser.conftest import shared_desk as shared_desk
