"""The client stacks: what each needs, how its code is generated and built, how its program runs. Knows no test."""

import importlib.metadata
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

CLIENTS = Path(__file__).parent / "clients"
CACHE = Path(os.environ.get("INTEROP_CACHE", Path(__file__).parents[2] / "var" / "interop"))
NODE_MODULES = CACHE / "node" / "node_modules"
#: Commands of the oldest interpreters; tests/examples/old/fetch.sh puts them there.
OLD = CACHE / "old" / "bin"
#: Where node finds its stacks, an encoding for programs that print accents, and ruff, which xsdata calls by name.
ENVIRONMENT = {
    "NODE_PATH": str(NODE_MODULES),
    "LC_ALL": "C.UTF-8",
    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
}
_JARS = Path("/usr/share/java")
_AXIS = ":".join(
    str(_JARS / f"{jar}.jar")
    for jar in (
        "axis",
        "axis-jaxrpc",
        "axis-saaj",
        "wsdl4j",
        "commons-logging",
        "commons-discovery",
        "javax.mail",
        "javax.activation",
    )
)
_QT = "/usr/include/x86_64-linux-gnu/qt5"
_JAXWS = str(_JARS / "jaxws-rt.jar")


class StackFailed(Exception):
    """A generator, a compiler or a client ended with an error; the text is what it said."""


@dataclass(frozen=True)
class Stack:
    """One client stack.

    `build` takes an empty folder and the WSDL's address, generates and compiles there, and returns the command of the
    program. `missing` returns what is not installed, empty when all is there.
    """

    name: str
    generates: str
    missing: Callable[[], str]
    version: Callable[[], str]
    build: Callable[[Path, str], list[str]]

    def answers(self, folder: Path, endpoint: str, secured: str, user: str, secret: str) -> dict[str, str]:
        """Build and run the client; return its answers by check. Raises StackFailed."""
        command = self.build(folder, f"{endpoint}?wsdl")
        printed = run(folder, *command, endpoint, secured, user, secret)
        return dict(line.split("=", 1) for line in printed.splitlines() if "=" in line)


def run(folder: Path, *command: str) -> str:
    """Run a command of a stack in a folder; return what it printed. Raises StackFailed."""
    environment = {**os.environ, **ENVIRONMENT}
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, timeout=90, env=environment)
    except subprocess.TimeoutExpired:
        raise StackFailed(f"{command[0]} did not end within 90 s") from None
    if done.returncode:
        raise StackFailed(f"{' '.join(command)}\n{done.stdout.decode()}{done.stderr.decode()}")
    return done.stdout.decode()


def needs(*programs: str, files: tuple[str, ...] = ()) -> Callable[[], str]:
    """Return what tells the programs and files that are not there."""

    def missing() -> str:
        absent = [program for program in programs if shutil.which(program) is None]
        return ", ".join(absent + [file for file in files if not Path(file).exists()])

    return missing


def needs_package(name: str) -> Callable[[], str]:
    """Return what tells that a Python package is not there."""

    def missing() -> str:
        try:
            importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            return f"the Python package {name}"
        return ""

    return missing


def needs_debian(package: str) -> Callable[[], str]:
    """Return what tells that a Debian package is not there."""

    def missing() -> str:
        if absent := needs("dpkg-query")():
            return absent
        done = subprocess.run(["dpkg-query", "-W", "-f", "${Status}", package], capture_output=True, text=True)
        return "" if done.stdout.endswith("ok installed") else f"the Debian package {package}"

    return missing


def needs_old(*programs: str) -> Callable[[], str]:
    """Return what tells which of the oldest interpreters are not there."""

    def missing() -> str:
        return ", ".join(f"the old {program}" for program in programs if not (OLD / program).exists())

    return missing


def needs_node() -> str:
    """Install npm's stacks, which need no root, where there is npm."""
    if missing := needs("node", "npm")():
        return missing
    done = subprocess.run([CLIENTS.parent / "install.sh", "user"], capture_output=True, text=True)
    return "" if done.returncode == 0 else f"npm's stacks ({done.stderr.strip()[:80]})"


def needs_php() -> str:
    """Tell what PHP lacks to call SOAP services."""
    return needs("php")() or ("" if "soap" in run(CLIENTS, "php", "-m").split() else "PHP's soap extension")


def _debian(package: str) -> Callable[[], str]:
    return lambda: run(CLIENTS, "dpkg-query", "-W", "-f", "${Version}", package)


def _build_gsoap(folder: Path, wsdl: str) -> list[str]:
    run(folder, "wsdl2h", "-c", "-o", "telefonia.h", wsdl)
    run(folder, "soapcpp2", "-c", "-C", "-x", "-w", "-I/usr/share/gsoap/import", "telefonia.h")
    shutil.copy(CLIENTS / "client.c", folder)
    run(folder, "gcc", "-w", "-o", "client", "client.c", "soapC.c", "soapClient.c", "-lgsoap")
    return ["./client"]


def _build_jaxws(folder: Path, wsdl: str) -> list[str]:
    run(folder, "wsimport", "-quiet", "-keep", "-Xnocompile", "-p", "telefonia", "-d", ".", wsdl)
    return _compile_java(folder, "JaxwsClient", _JAXWS)


def _build_validating_jaxws(folder: Path, wsdl: str) -> list[str]:
    java, *rest = _build_jaxws(folder, wsdl)
    return [java, "-Dvalidate=true", *rest]


def _build_saaj(folder: Path, _wsdl: str) -> list[str]:
    return _compile_java(folder, "SaajClient", _JAXWS)


def _build_axis(folder: Path, wsdl: str) -> list[str]:
    run(folder, "java", "-cp", _AXIS, "org.apache.axis.wsdl.WSDL2Java", "-o", ".", "-p", "telefonia", wsdl)
    return _compile_java(folder, "AxisClient", _AXIS)


def _compile_java(folder: Path, name: str, classpath: str) -> list[str]:
    shutil.copy(CLIENTS / f"{name}.java", folder)
    sources = [str(path.relative_to(folder)) for path in sorted(folder.rglob("*.java"))]
    run(folder, "javac", "-nowarn", "-encoding", "UTF-8", "-cp", classpath, *sources)
    return ["java", "-cp", f"{classpath}:.", name]


def _build_mono(folder: Path, wsdl: str) -> list[str]:
    run(folder, "wsdl", "-nologo", "-out:Telefonia.cs", wsdl)
    shutil.copy(CLIENTS / "MonoClient.cs", folder)
    run(
        folder,
        "mcs",
        "-nologo",
        "-warn:0",
        "-out:client.exe",
        "-r:System.Web.Services",
        "MonoClient.cs",
        "Telefonia.cs",
    )
    return ["mono", "client.exe"]


def _build_wcf(folder: Path, _wsdl: str) -> list[str]:
    libraries = ("-r:System.ServiceModel", "-r:System.Runtime.Serialization")
    run(folder, "mcs", "-nologo", "-out:client.exe", *libraries, str(CLIENTS / "WcfClient.cs"))
    return ["mono", "client.exe"]


def _build_typed_node(folder: Path, wsdl: str) -> list[str]:
    run(folder, "curl", "-sf", "-o", "telefonia.wsdl", wsdl)
    for name in ("typed_client.ts", "report.cjs"):
        shutil.copy(CLIENTS / name, folder)
    (folder / "node_modules").symlink_to(NODE_MODULES)
    commands = NODE_MODULES / ".bin"
    run(folder, str(commands / "wsdl-tsclient"), "--quiet", "telefonia.wsdl", "-o", "generated")
    options = ("--strict", "--target", "es2020", "--module", "commonjs", "--skipLibCheck")
    run(folder, str(commands / "tsc"), *options, "typed_client.ts")
    return ["node", "typed_client.js"]


def _build_soap_wsdl(folder: Path, wsdl: str) -> list[str]:
    run(folder, "wsdl2perl", "-b", ".", wsdl)
    return ["perl", str(CLIENTS / "soap_wsdl.pl")]


def _build_xsdata(folder: Path, wsdl: str) -> list[str]:
    run(folder, "curl", "-sf", "-o", "telefonia.wsdl", wsdl)
    run(folder, sys.executable, "-m", "xsdata", "generate", "-p", "telefonia", "telefonia.wsdl")
    for name in ("xsdata_client.py", "report.py"):
        shutil.copy(CLIENTS / name, folder)
    return [sys.executable, "xsdata_client.py"]


def _nusoap_version() -> str:
    code = "require 'nusoap/nusoap.php'; echo (new nusoap_base())->version, ', PHP ', PHP_VERSION;"
    return run(CLIENTS, str(OLD / "php"), "-d", "error_reporting=0", "-r", code)


def _npm_version(package: str) -> Callable[[], str]:
    return lambda: run(CLIENTS, "node", "-p", f"require('{package}/package.json').version").strip()


def _build_kdsoap(folder: Path, wsdl: str) -> list[str]:
    run(folder, "curl", "-sf", "-o", "telefonia.wsdl", wsdl)
    run(folder, "kdwsdl2cpp", "-o", "wsdl_telefonia.h", "telefonia.wsdl")
    run(folder, "kdwsdl2cpp", "-impl", "wsdl_telefonia.h", "-o", "wsdl_telefonia.cpp", "telefonia.wsdl")
    run(folder, "moc", "-o", "moc_telefonia.cpp", "wsdl_telefonia.h")
    shutil.copy(CLIENTS / "KdsoapClient.cpp", folder)
    sources = ("KdsoapClient.cpp", "wsdl_telefonia.cpp", "moc_telefonia.cpp")
    headers = [f"-I{_QT}{name}" for name in ("", "/QtCore", "/QtNetwork", "/QtXml")]
    libraries = ("-lkdsoap", "-lQt5Network", "-lQt5Xml", "-lQt5Core")
    run(folder, "g++", "-w", "-fPIC", "-std=c++17", *headers, "-o", "client", *sources, *libraries)
    return ["./client"]


def _script(*command: str) -> Callable[[Path, str], list[str]]:
    *interpreter, script = command
    return lambda _folder, _wsdl: [*interpreter, str(CLIENTS / script)]


def _curl(style: str) -> Stack:
    return Stack(
        name=f"curl, {style}",
        generates="no",
        missing=needs("curl"),
        version=lambda: run(CLIENTS, "curl", "--version").split()[1],
        build=lambda _folder, _wsdl: [sys.executable, str(CLIENTS / "curl_client.py"), style],
    )


#: The styles are those of clients/curl_client.py.
CURL_STYLES = (
    "qualified",
    "default namespace",
    "unqualified",
    "no SOAPAction",
    "HTTP/1.0",
    "Latin-1",
    "chunked",
    "Expect",
    "form media type",
)

STACKS = (
    Stack(
        "zeep (Python)",
        "at run time",
        needs_package("zeep"),
        lambda: importlib.metadata.version("zeep"),
        _script(sys.executable, "zeep_client.py"),
    ),
    Stack(
        "suds (Python)",
        "at run time",
        needs_package("suds"),
        lambda: importlib.metadata.version("suds"),
        _script(sys.executable, "suds_client.py"),
    ),
    Stack(
        "PHP SoapClient",
        "at run time",
        needs_php,
        lambda: run(CLIENTS, "php", "-r", "echo PHP_VERSION;"),
        _script("php", "client.php"),
    ),
    Stack(
        "node soap",
        "at run time",
        needs_node,
        _npm_version("soap"),
        _script("node", "client.cjs"),
    ),
    Stack(
        "gSOAP (C)",
        "wsdl2h, soapcpp2",
        needs("wsdl2h", "soapcpp2", "gcc"),
        lambda: run(CLIENTS, "wsdl2h", "-V").strip() or _debian("gsoap")(),
        _build_gsoap,
    ),
    Stack(
        "JAX-WS RI (Java)",
        "wsimport",
        needs("wsimport", "javac", files=(_JAXWS,)),
        _debian("jaxws"),
        _build_jaxws,
    ),
    Stack(
        "Axis 1.4 (Java)",
        "WSDL2Java",
        needs("java", "javac", files=(_AXIS.partition(":")[0],)),
        _debian("libaxis-java"),
        _build_axis,
    ),
    Stack(
        "Mono (C#)",
        "wsdl",
        needs("wsdl", "mcs", "mono"),
        lambda: run(CLIENTS, "mono", "--version").split()[4],
        _build_mono,
    ),
    Stack(
        "KDSoap (Qt, C++)",
        "kdwsdl2cpp",
        needs("kdwsdl2cpp", "moc", "g++", "curl", files=("/usr/include/KDSoapClient", _QT)),
        _debian("libkdsoap-dev"),
        _build_kdsoap,
    ),
    Stack(
        "strong-soap (Node)",
        "at run time",
        needs_node,
        _npm_version("strong-soap"),
        _script("node", "strong_client.cjs"),
    ),
    Stack(
        "wsdl-tsclient (TypeScript)",
        "wsdl-tsclient",
        lambda: needs_node() or needs("curl")(),
        _npm_version("wsdl-tsclient"),
        _build_typed_node,
    ),
    Stack(
        "xsdata (Python)",
        "xsdata",
        lambda: needs_package("xsdata")() or needs("curl")(),
        lambda: importlib.metadata.version("xsdata"),
        _build_xsdata,
    ),
    Stack(
        "NuSOAP (PHP)",
        "at run time",
        needs_old("php"),
        _nusoap_version,
        _script(str(OLD / "php"), "nusoap.php"),
    ),
    Stack(
        "SOAP::Lite (Perl)",
        "no",
        needs_debian("libsoap-lite-perl"),
        _debian("libsoap-lite-perl"),
        _script("perl", "soap_lite.pl"),
    ),
    Stack(
        "SOAP::WSDL (Perl)",
        "wsdl2perl",
        needs_debian("libsoap-wsdl-perl"),
        _debian("libsoap-wsdl-perl"),
        _build_soap_wsdl,
    ),
    Stack(
        "LuaSOAP (Lua 5.1)",
        "no",
        lambda: needs("lua5.1")() or needs_debian("lua-soap")(),
        _debian("lua-soap"),
        _script("lua5.1", "client.lua"),
    ),
    Stack("WS::Client (Tcl)", "at run time", needs_debian("tclws"), _debian("tclws"), _script("tclsh", "client.tcl")),
    Stack(
        "soap4r (Ruby)",
        "at run time",
        lambda: needs_debian("ruby-soap4r")() or needs_debian("ruby-httpclient")(),
        _debian("ruby-soap4r"),
        _script("ruby", "client.rb"),
    ),
    Stack(
        "SAAJ (Java)",
        "no",
        needs("java", "javac", files=(_JAXWS,)),
        _debian("libsaaj-ri-java"),
        _build_saaj,
    ),
    Stack(
        "JAX-WS RI, schema validation",
        "wsimport",
        needs("wsimport", "javac", files=(_JAXWS,)),
        _debian("jaxws"),
        _build_validating_jaxws,
    ),
    Stack(
        "Mono WCF (C#)",
        "no",
        needs("mcs", "mono"),
        lambda: run(CLIENTS, "mono", "--version").split()[4],
        _build_wcf,
    ),
    *(_curl(style) for style in CURL_STYLES),
)
