#!/usr/bin/env python3
"""The law of CONTRIBUTING.md, as far as a program can look for it."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "abi"))
import api  # noqa: E402

# Each room, and the rooms that it may use.
ROOMS = {
    "base": {"base"},
    "document": {"base", "document"},
    "kube": {"base", "document", "kube"},
    "rule": {"base", "rule"},
    "resolve": {"base", "document", "kube", "rule", "resolve"},
    "balance": {"base", "document", "kube", "rule", "resolve", "balance"},
}
# What a header of the C library may be included for, and what must not be called from lib/.
SYSTEM = {"stdalign.h", "stdarg.h", "stdatomic.h", "stdbool.h", "stddef.h", "stdint.h", "inttypes.h", "limits.h", "float.h", "math.h",
          "stdio.h", "stdlib.h", "string.h"}
BANNED = (r"\b(malloc|calloc|realloc|free|printf|fprintf|puts|putchar|perror|sprintf|strcpy|strcat|strtod|strtof|strtol|strtoul|"
          r"strtoll|strtoull|atoi|atol|atof|sscanf|setlocale|isalpha|isdigit|isalnum|isspace|isupper|islower|isxdigit|"
          r"isprint|iscntrl|tolower|toupper|strcasecmp|strncasecmp|strcoll|abort|exit|assert|getenv|time|clock|rand|"
          r"random|strdup|strndup|strtok|strerror|alloca|setjmp|longjmp|signal)\s*\(")
count = api.Count()


def strip(text):
    """Without comments, and with empty strings."""
    text = re.sub(r'"(?:\\.|[^"\\\n])*"|/\*.*?\*/|//[^\n]*',
                  lambda m: '""' if m.group(0)[0] == '"' else re.sub(r"[^\n]", " ", m.group(0)), text, flags=re.S)
    return re.sub(r"'(?:\\.|[^'\\])'", "' '", text)


def check_library(path):
    name = path.relative_to(ROOT)
    text = path.read_text(encoding="utf-8")
    room = path.parent.name
    allowed = ROOMS[room]
    lines = text.count("\n")
    count.check(text.startswith("/*"), "%s does not begin with what it is responsible for" % name)
    count.check(lines <= 650 or path.suffix == ".h" and "table" in path.name, "%s has %d lines" % (name, lines))
    for form, target in re.findall(r'#include\s+([<"])([^">]+)', text):
        if form == '"':
            count.check(target.split("/")[0] in allowed, "%s includes %s" % (name, target))
        elif target == "yaml.h":
            count.check(room == "document" and path.suffix == ".c", "%s includes yaml.h" % name)
        elif target.startswith("openssl/"):
            count.check(room == "base" and path.stem == "digest", "%s includes %s" % (name, target))
        elif target == "pcre2.h":
            count.check(room == "rule" and path.stem == "regex", "%s includes pcre2.h" % name)
        else:
            count.check(target in SYSTEM or target.startswith("svcroute/"), "%s includes <%s>" % (name, target))
    code = strip(text)
    own = path.stem == "context" and room == "base"  # holds the default allocator
    for match in re.finditer(BANNED, code):
        if not (own and match.group(1) in ("malloc", "realloc", "free")):
            line = code.count("\n", 0, match.start()) + 1
            count.check(re.search(r"(->|\.)$", code[:match.start()]), "%s:%d calls %s()" % (name, line, match.group(1)))
    count.check(not re.search(r"\btypedef\s+struct\s*\w*\s*\{", code), "%s hides a struct behind a typedef" % name)
    if path.suffix == ".c":
        check_functions(name, code)


def check_functions(name, code):
    start, head = None, ""
    for number, line in enumerate(code.split("\n"), 1):
        if line == "{":
            start, head = number, previous
        elif line == "}" and start:
            count.check(number - start <= 70, "%s:%d: %d lines: %s" % (name, start, number - start, head.strip()))
            start = None
        previous = line


users = {"yaml.h": set(), "openssl": set()}
for room in ROOMS:
    for path in sorted((ROOT / "lib" / room).glob("*.[ch]")):
        if "unicode_table" in path.name or path.name == "diag_ids.h":
            continue
        check_library(path)
        text = path.read_text(encoding="utf-8")
        for library in users:
            if "#include <" + library in text:
                users[library].add(path.name)
for library, files in users.items():
    count.check(len(files) <= 1, "%s is used in %s" % (library, sorted(files)))

for pattern in ("lib", "include", "examples", "tests", "docs", "tools"):
    for path in sorted((ROOT / pattern).rglob("*")):
        if path.suffix in (".c", ".h", ".py", ".md", ".build") and path.is_file() and "build" not in path.parts:
            text = path.read_text(encoding="utf-8", errors="replace")
            word = re.search(r"\b(TODO|FIXME|XXX|HACK)\b", text) if path.name != "check.py" else None
            count.check(not word, "%s says %s" % (path.relative_to(ROOT), word and word.group(0)))
count.close()
