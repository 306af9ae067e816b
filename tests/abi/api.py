"""What the public headers declare, read from their text: functions, structs with members, enums.

The headers keep to few forms (tests/abi/headers.py refuses others), so that this small reader can be exact.
"""
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = ROOT / "include"
FROZEN_STRUCT = "svcroute_text"  # the one struct without size and flags


def headers(include=INCLUDE):
    return sorted((include / "svcroute").glob("*.h"))


def code(path):
    """The text of a header without comments."""
    text = path.read_text(encoding="utf-8")
    return re.sub(r"/\*.*?\*/|//[^\n]*", " ", text, flags=re.S)


def functions(include=INCLUDE):
    """Names of all public functions."""
    names = []
    for path in headers(include):
        for declaration in re.findall(r"^SVCROUTE_API\b([^;]*);", code(path), flags=re.M):
            names.append(re.search(r"\b(\w+)\s*\(", declaration).group(1))
    return names


def members(body):
    """(name, declaration) of each member of a struct."""
    found = []
    for declaration in filter(None, (part.strip() for part in body.split(";"))):
        name = re.search(r"\(\s*\*\s*(\w+)\s*\)|(\w+)\s*(?:\[[^\]]*\]\s*)*$", declaration)
        found.append((name.group(1) or name.group(2), re.sub(r"\s+", " ", declaration)))
    return found


def preprocess(compiler, include=INCLUDE):
    """All headers as this compiler (a list: command and options) sees them after its preprocessor."""
    command = compiler + ["-E", "-P", "-I", str(include), "-include", "svcroute/svcroute.h", "-x", "c", "/dev/null"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def structs(text):
    """{name: [(member, declaration)]} of all structs whose content is public, from preprocessed text."""
    return {name: members(body)
            for name, body in re.findall(r"\bstruct\s+(svcroute_\w+)\s*\{(.*?)\}\s*;", text, flags=re.S)}


def opaque(include=INCLUDE):
    """Names of the structs that the headers only announce."""
    text = "".join(code(path) for path in headers(include))
    announced = set(re.findall(r"^struct\s+(svcroute_\w+)\s*;", text, flags=re.M))
    return sorted(announced - set(re.findall(r"\bstruct\s+(svcroute_\w+)\s*\{", text)))


def enums(include=INCLUDE):
    """{name: [enumerator text]}"""
    found = {}
    for path in headers(include):
        for name, body in re.findall(r"\benum\s+(\w*)\s*\{(.*?)\}", code(path), flags=re.S):
            found[name] = [part.strip() for part in body.split(",") if part.strip()]
    return found


class Count:
    """Counts checks and ends with the closing line that tests/run reads."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def check(self, good, text):
        if good:
            self.passed += 1
        else:
            self.failed += 1
            print("FAIL " + text)
        return good

    def skip(self, text):
        self.skipped += 1
        print("skip " + text)

    def close(self):
        tail = ", %d skipped" % self.skipped if self.skipped else ""
        print("%d passed, %d failed%s" % (self.passed, self.failed, tail))
        raise SystemExit(1 if self.failed or not self.passed else 0)
