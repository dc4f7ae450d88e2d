"""Which tests are run for a changed module, in this order until one fails: the nearest and quickest first."""

from pathlib import Path

#: By package: module's name to the tests that are about it, beside those of the same name.
_NEAREST = {
    "soap_service/rules": {
        "calls": "tests/store/test_calls.py",
        "cursor": "tests/rules/test_cursor.py",
        "deadlines": "tests/rules/test_deadlines.py tests/rules/test_suspended_deadlines.py",
        "edits": "tests/store/test_administration.py tests/store/test_calendar.py tests/store/test_people.py",
        "extensions": "tests/soap/test_addresses.py tests/store/test_attendance.py",
        "former_documents": "tests/rules/test_documents.py tests/store/test_people.py",
        "glossary": "tests/screens/test_catalogues.py",
        "live_events": "tests/store/test_live_events.py tests/live/test_event_feed.py",
        "login_limits": "tests/screens/test_login_limits.py",
        "networks": "tests/rules/test_config.py tests/store/test_administration.py",
        "numbers": "tests/rules tests/store/test_calls.py",
        "origins": "tests/rules/test_config.py tests/service/test_admission.py",
        "credentials": "tests/rules/test_credentials.py tests/screens/test_access.py",
    },
    "soap_service/storage": {
        "administration": "tests/store/test_administration.py",
        "call_list": "tests/store/test_calls.py tests/screens/test_calls.py",
        "callers": "tests/store/test_calls.py tests/screens/test_callers.py",
        "history": "tests/store/test_administration.py",
        "history_imports": "tests/store/test_imports.py",
        "import_catalogue": "tests/store/test_imports.py",
        "imports": "tests/store/test_imports.py",
        "request_imports": "tests/store/test_imports.py",
        "exports": "tests/store/test_imports.py",
        "indexing": "tests/store/test_search.py",
        "integrations": "tests/store/test_administration.py tests/screens/test_administration_integrations.py",
        "backend": "tests/store/test_database.py",
        "expressions": "tests/store/test_panel.py",
        "full_text": "tests/store/test_search.py",
        "postgresql": "tests/store/test_database.py tests/service/test_database_outages.py",
        "postgresql_server": "tests/store/test_database.py tests/service/test_database_outages.py",
        "prepared": "tests/store/test_database.py tests/store/test_calls.py",
        "reclassification": "tests/screens/test_reclassification.py",
        "requesters": "tests/store/test_people.py",
        "schema": "tests/store/test_database.py",
        "sequences": "tests/store/test_backup.py tests/store/test_database.py",
        "sqlite": "tests/store/test_database.py",
        "staff": "tests/store/test_people.py tests/screens/test_administration_staff.py",
    },
    "soap_service/soap": {
        "reader": "tests/soap/test_envelope_properties.py tests/soap/test_known_messages.py tests/soap/test_corpus.py",
        "message": "tests/soap/test_envelope_properties.py tests/soap/test_malformed.py",
        "decoding": "tests/soap/test_envelope_properties.py tests/soap/test_malformed.py tests/soap/test_corpus.py",
        "writer": "tests/soap/test_envelope_properties.py",
        "wsdl": "tests/soap/test_wsdl.py",
        "fast_path": "tests/soap/test_fast_path.py tests/soap/test_http_headers.py",
        "known_messages": "tests/soap/test_known_messages.py",
        "call_log": "tests/service/test_call_log.py tests/service/test_failures.py",
        "refusals": "tests/service/test_refusals.py",
        "malformed": "tests/soap/test_malformed.py",
        "admission": "tests/service/test_admission.py tests/service/test_damaged_rows.py",
        "simulation": "tests/screens/test_diagnosis.py tests/store/test_diagnosis.py",
    },
    "soap_service/live": {
        "missed_calls": "tests/live/test_missed_calls.py",
        "proofs": "tests/live/test_proofs.py",
        "event_feed": "tests/live/test_event_feed.py",
    },
    "soap_service/screens": {
        "access": "tests/screens/test_access.py tests/screens/test_login_limits.py tests/screens/test_audit.py"
    },
}
#: By package: what is run when the nearest tests notice nothing.
_ALL = {
    "soap_service/rules": "tests/rules tests/store tests/screens",
    "soap_service/storage": "tests/store tests/screens tests/service/test_damaged_rows.py",
    "soap_service/soap": "tests/soap tests/service/test_admission.py tests/service/test_refusals.py",
    "soap_service/live": "tests/service/test_stream.py tests/live",
    "soap_service/screens": "tests/screens tests/service/test_log_in_floods.py",
}
#: These look at the text of the code, at what is installed, or at the clock of the machine: no word on behaviour.
LEFT_OUT = (
    "tests/rules/test_readme.py",
    "tests/rules/test_script_check.py",
    "tests/rules/test_spyne_compat.py",
)


def package_of(path: str) -> str:
    """Return the package of a module, as the report counts it."""
    return next(package for package in _ALL if path.startswith(f"{package}/"))


def stages_of(root: Path, path: str) -> list[list[str]]:
    """Return what is given to pytest, one stage after the other: near, all on SQLite, then with PostgreSQL."""
    package, module = package_of(path), Path(path).stem
    near = _NEAREST[package].get(module, "").split() or [
        str(found.relative_to(root))
        for folder in _ALL[package].split()
        for found in [root / folder / f"test_{module}.py"]
        if found.exists()
    ]
    everything = _ALL[package].split()
    stages = [[*near, "-k", "not postgresql"]] if near else []
    stages += [[*everything, "-k", "not postgresql"]]
    if package != "soap_service/rules":
        stages += [[*near, *everything]]
    return stages
