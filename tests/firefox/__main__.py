"""`python -m tests.firefox [PICTURES]`: the main flow of the screens in a real Firefox, by `make firefox`."""

import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.conftest import PASSWORD, start_service

_FOLDER = Path(__file__).parent
_MINUTES = 3


def main() -> int:
    """Run the flow at a service of its own and return the flow's exit status."""
    firefox = shutil.which("firefox-esr") or shutil.which("firefox")
    if firefox is None or not (_FOLDER / "node_modules").is_dir():
        print("Firefox or its driver is missing: run `make firefox`", file=sys.stderr)
        return 2
    pictures = Path(sys.argv[1] if len(sys.argv) > 1 else "var/firefox")
    pictures.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder:
        service = start_service(Path(folder))
        command = ["node", str(_FOLDER / "flow.js"), firefox, service.url, PASSWORD, str(pictures)]
        status = subprocess.run(command, timeout=60 * _MINUTES, check=False).returncode
        service.stop()
        if "Traceback" in service.log:
            print(service.log, file=sys.stderr)
            return 1
    return status


if __name__ == "__main__":
    sys.exit(main())
