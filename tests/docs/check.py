#!/usr/bin/env python3
"""The documents say what is true: check.py BUILD [--update]

docs/diagnostics.md has the rows of lib/base/diag_ids.h, links lead somewhere, the C code of README.md, docs/guide.md,
docs/drive-loop.md and docs/rules.md compiles and does what it says, the tool prints what README.md and docs/rules.md show (--update lets
them show what it prints), and the release is the same everywhere.
"""
import ast
import os
import pathlib
import re
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "abi"))
import api  # noqa: E402

build = pathlib.Path(sys.argv[1]).resolve()
count = api.Count()


def check_diagnostics():
    words = {"INFO": "info", "WARNING": "warning", "ERROR": "error"}
    registry = re.findall(r'^SVCR_DIAG\((\d+), (\w+), "([^"]+)", SVCROUTE_SEVERITY_(\w+), "([^"]+)"\)',
                          (ROOT / "lib/base/diag_ids.h").read_text(encoding="utf-8"), flags=re.M)
    rows = re.findall(r"^\| (\d+) \| `([^`]+)` \| (\w+) \| (.*?) \| (.*?) \|$",
                      (ROOT / "docs/diagnostics.md").read_text(encoding="utf-8"), flags=re.M)
    documented = {row[0]: row for row in rows}
    count.check(len(documented) == len(rows), "docs/diagnostics.md has a number twice")
    count.check(len({row[2] for row in registry}) == len(registry), "a name of a diagnostic is used twice")
    count.check([row[0] for row in registry] == sorted({row[0] for row in registry}, key=int),
                "the registry is not in order, or has a number twice")
    for number, constant, name, severity, summary in registry:
        row = documented.pop(number, None)
        if count.check(row, "docs/diagnostics.md lacks %s %s" % (number, name)):
            count.check(row[1:4] == (name, words[severity], summary), "docs/diagnostics.md: row %s is not the registry's" % number)
            count.check(len(row[4]) > 8, "docs/diagnostics.md: row %s says no remedy" % number)
        used = subprocess.run(["grep", "-rlE", r"\bSVCR_DIAG_%s\b" % constant, str(ROOT / "lib"), "--include=*.c", "--include=*.h"],
                              capture_output=True, text=True).stdout
        count.check(used or "retired" in summary.lower(), "no code gives diagnostic %s" % name)
    count.check(not documented, "docs/diagnostics.md has rows of its own: %s" % sorted(documented))


def check_links(path):
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.S)
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
        if not re.match(r"[a-z]+:", target):
            count.check((path.parent / target).exists(), "%s: link to %s" % (path.name, target))
    # Names of files and functions in back-quotes.
    for name in re.findall(r"`((?:lib|tests|docs|tools|examples|include|pkgconfig)/[\w./-]+)`", text):
        count.check((ROOT / name).exists(), "%s: %s is not there" % (path.name, name))
    known = set(api.functions())
    for name in re.findall(r"\b(svcroute_\w+)\(\)", text):
        count.check(name in known, "%s: there is no %s()" % (path.name, name))
    for name in re.findall(r"\b(SVCROUTE_(?!API)[A-Z0-9_]*[A-Z0-9])\b", text):
        headers = "".join(api.code(header) for header in api.headers())
        count.check(name in headers, "%s: there is no %s" % (path.name, name))


def check_code():
    """README.md's program runs; each piece of the other documents compiles inside a function of its own."""
    folder = build / "tests" / "docs-code"
    folder.mkdir(parents=True, exist_ok=True)
    library = build / "lib"
    blocks = re.findall(r"```c\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), flags=re.S)
    count.check(len(blocks) == 1, "README.md has one piece of C")
    source = blocks[0] + """
int main(void)
{
    static const char yaml[] = "apiVersion: traefik.io/v1alpha1\\nkind: IngressRoute\\nmetadata: {name: web}\\n"
                               "spec: {routes: [{match: 'Host(`a.example`)', kind: Rule}]}";
    return route(yaml, sizeof yaml - 1) ? 1 : 0;
}
"""
    (folder / "readme.c").write_text(source, encoding="utf-8")
    done = subprocess.run(["gcc", "-std=c11", "-Wall", "-Wextra", "-Werror", "-I", str(api.INCLUDE), str(folder / "readme.c"),
                           "-o", str(folder / "readme"), "-L", str(library), "-lsvcroute"], capture_output=True, text=True)
    if count.check(done.returncode == 0, "README.md's C does not compile:\n" + done.stderr):
        done = subprocess.run([str(folder / "readme")], capture_output=True, text=True,
                              env=dict(os.environ, LD_LIBRARY_PATH=str(library)))
        count.check(done.returncode == 0 and '"Host(`a.example`)"' in done.stdout, "README.md's C: " + done.stdout + done.stderr)
    frame = "#include <stdio.h>\n#include <svcroute/svcroute.h>\n" + (ROOT / "tests/docs/guide_frame.h").read_text()
    check_pieces(folder, "guide.md", frame, 5)
    frame += (ROOT / "tests/docs/drive-loop_frame.h").read_text()
    check_pieces(folder, "drive-loop.md", frame, 5)
    check_pieces(folder, "rules.md", frame + (ROOT / "tests/docs/rules_frame.h").read_text(), 2)


def check_pieces(folder, name, frame, least):
    pieces = re.findall(r"```c\n(.*?)```", (ROOT / "docs" / name).read_text(encoding="utf-8"), flags=re.S)
    count.check(len(pieces) >= least, "docs/%s has pieces of C" % name)
    for number, piece in enumerate(pieces, 1):
        (folder / "piece.c").write_text(frame + "int piece(void);\nint piece(void)\n{\n" + piece + "\nreturn code;\n}\n", encoding="utf-8")
        done = subprocess.run(["gcc", "-std=c11", "-Wall", "-Wextra", "-Werror", "-Wno-unused", "-fsyntax-only", "-I",
                               str(api.INCLUDE), str(folder / "piece.c")], capture_output=True, text=True)
        count.check(done.returncode == 0, "docs/%s, piece %d:\n%s" % (name, number, done.stderr))


def check_output(document):
    """What a document shows after "$ svcroute ..." is what the tool prints."""
    tool = build / "examples" / "svcroute" / "svcroute"
    shown = re.findall(r"```text\n\$ svcroute ([^\n]*)\n(.*?)```", document.read_text(encoding="utf-8"), flags=re.S)
    count.check(len(shown) >= 2, "%s shows what comes out" % document.name)
    for arguments, expected in shown:
        done = subprocess.run([str(tool), *shlex.split(arguments)], capture_output=True, text=True, cwd=ROOT,
                              env=dict(os.environ, LC_ALL="C.UTF-8"))
        if sys.argv[2:] == ["--update"]:
            head = "```text\n$ svcroute %s\n" % arguments
            text = document.read_text(encoding="utf-8")
            document.write_text(text.replace(head + expected + "```", head + done.stdout + "```"), encoding="utf-8")
            expected = done.stdout
        count.check(done.stdout == expected, "%s: svcroute %s prints\n%s%s" % (document.name, arguments, done.stdout, done.stderr))


def check_python(document):
    """Pieces of Python are Python."""
    for piece in re.findall(r"```python\n(.*?)```", document.read_text(encoding="utf-8"), flags=re.S):
        try:
            ast.parse(piece)
            wrong = None
        except SyntaxError as error:
            wrong = error
        count.check(wrong is None, "%s: %s" % (document.name, wrong))


def check_release():
    release = re.search(r"version: '([\d.]+)',", (ROOT / "meson.build").read_text()).group(1)
    header = (ROOT / "include/svcroute/version.h").read_text()
    numbers = [re.search(r"#define SVCROUTE_VERSION_%s (\d+)" % part, header).group(1) for part in ("MAJOR", "MINOR", "PATCH")]
    count.check(".".join(numbers) == release, "version.h says %s, meson.build %s" % (".".join(numbers), release))
    count.check("\n## %s\n" % release in (ROOT / "NEWS.md").read_text(), "NEWS.md has no section for " + release)
    readme = (ROOT / "README.md").read_text().splitlines()
    count.check([line.split()[0] for line in readme[3:5]] == ["examples/quickstart", "tests/run"],
                "README.md opens with the two commands")


check_diagnostics()
for document in sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]):
    check_links(document)
    check_python(document)
check_code()
check_output(ROOT / "README.md")
check_output(ROOT / "docs/rules.md")
check_release()
count.close()
