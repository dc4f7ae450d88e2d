"""Make Spyne 2.14.0 import on Python 3.12 and newer. Import it before anything of Spyne; it knows nothing else.

Spyne carries its own copy of ``six`` 1.14, whose import hook Python 3.12 no longer accepts, so PyPI's ``six`` is
loaded under the copy's name; Spyne had added one function to its copy, which is added here too. The module ``cgi``
that Spyne imports left the standard library in 3.13; the package ``legacy-cgi`` (setup.cfg) puts it back.
Delete this module when a Spyne release imports without it.
"""

import importlib.util
import operator
import sys

import six

_NAME = "spyne.util.six"

if _NAME not in sys.modules:
    # A second copy under Spyne's name, not an alias: six registers an import hook for `<its name>.moves`.
    spec = importlib.util.spec_from_file_location(_NAME, six.__file__)
    if spec is None or spec.loader is None:
        raise ImportError("the package six has no source file to load; reinstall it")
    copy = importlib.util.module_from_spec(spec)
    sys.modules[_NAME] = copy
    spec.loader.exec_module(copy)
    vars(copy)["get_function_name"] = operator.attrgetter("__name__")
