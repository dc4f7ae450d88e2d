"""``python -m soap_service`` is the ``soap-service`` command."""

import sys

from soap_service.cli import main

sys.exit(main())
