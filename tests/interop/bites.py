"""Prove that the suite bites: undo the rules of the WSDL one at a time, in a scratch copy, and name what turns red.

    python -m tests.interop.bites

Each line printed is one rule undone and the stacks that fail for it. Not a test: it takes a minute a rule.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
WSDL, SERVICES = "soap_service/wsdl.py", "soap_service/services.py"

_SORT = "root[:] = sorted(root, key=lambda section: _ORDER.index(etree.QName(section).localname))"
_CLEANUP = 'etree.cleanup_namespaces(root, keep_ns_prefixes=["xs", "tns"])'
_PARAMETER_ORDER = 'operation.attrib.pop("parameterOrder", None)'
_PART_NAME = '        _wsdl_part_name="parameters",\n'
#: What is undone: file, the text that is replaced, and what stands there instead.
RULES = {
    "Spyne's stock document, but for the names of binding and port": [
        (WSDL, _SORT, "pass"),
        (WSDL, _CLEANUP, "pass"),
        (WSDL, _PARAMETER_ORDER, "pass"),
        (SERVICES, _PART_NAME, ""),
    ],
    "Spyne's stock document": [
        (WSDL, "root = etree.fromstring(builder.get_interface_document())", "return builder.get_interface_document()"),
        (SERVICES, _PART_NAME, ""),
    ],
    "Spyne's section order (service before portType and binding)": [(WSDL, _SORT, "pass")],
    "the unused SOAP 1.2 prefix": [(WSDL, _CLEANUP, "pass")],
    "parameterOrder": [(WSDL, _PARAMETER_ORDER, "pass")],
    "part names other than `parameters`": [(SERVICES, _PART_NAME, "")],
    "one name for binding and port": [(WSDL, "    _name_binding_and_port(root)\n", "")],
    "a deadline that is not nillable": [
        (SERVICES, "prazoLimite = DateTime(min_occurs=1, nillable=True)", "prazoLimite = DateTime(min_occurs=1)"),
        (WSDL, "    _sort_schema(root)\n", "    _sort_schema(root)\n    _forbid_nil(root)\n"),
        (
            WSDL,
            "def _name_binding_and_port(",
            "def _forbid_nil(root):\n"
            "    for e in root.iter(f'{_XSD}element'):\n        e.attrib.pop('nillable', None)\n\n\n"
            "def _name_binding_and_port(",
        ),
    ],
}


def red_stacks(changes: list[tuple[str, str, str]]) -> dict[str, list[str]]:
    """Return the checks that fail, by stack, in a copy of the project with these changes."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".venv*", ".git", "var", "__pycache__"))
        for name, old, new in changes:
            text = (copy / name).read_text("utf-8")
            if old not in text:
                raise SystemExit(f"{name} has no {old!r} any more; change bites.py with it")
            (copy / name).write_text(text.replace(old, new), "utf-8")
        environment = {**os.environ, "PYTHONPATH": str(copy), "INTEROP_CACHE": str(ROOT / "var" / "interop")}
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "tests/interop/test_stacks.py"]
        command.append("tests/interop/test_basic_profile.py")
        done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True)
    if "interop: client stacks" not in done.stdout:
        raise SystemExit(done.stdout[-3000:] + done.stderr[-2000:])
    failed: dict[str, list[str]] = {}
    for node, check in re.findall(r"^(?:FAILED|ERROR) (\S+::\w+)(?:\[(.+)\])?", done.stdout, re.MULTILINE):
        if "test_stacks" in node:
            stack, _, name = check.rpartition("-")
        else:
            stack, name = "Basic Profile", node.rpartition("::")[2]
        failed.setdefault(stack, []).append(name)
    return failed


def main() -> None:
    """Print what each rule holds up."""
    for rule, changes in RULES.items():
        failed = red_stacks(changes)
        stacks = "; ".join(
            f"{stack} ({len(checks)} checks)" if len(checks) > 2 else f"{stack} ({', '.join(checks)})"
            for stack, checks in failed.items()
        )
        print(f"- {rule}: {stacks or 'none'}", flush=True)


if __name__ == "__main__":
    main()
