#!/usr/bin/env python3
"""The public headers keep their rules: each compiles alone, as C99 and C++11, with gcc and clang, without a warning;
they include little, and their structs look the same to every compiler: headers.py BUILD"""
import pathlib
import re
import shutil
import subprocess
import sys

import api

scratch = pathlib.Path(sys.argv[1]) / "tests" / "abi-headers"
scratch.mkdir(parents=True, exist_ok=True)
count = api.Count()

STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only"]
COMPILERS = [("gcc", "c99", "c"), ("g++", "c++11", "c++"), ("clang", "c99", "c"), ("clang++", "c++11", "c++")]
ALLOWED = {"<stddef.h>", "<stdint.h>", "<stdbool.h>"}
FORBIDDEN = r"\b(long|short|time_t|FILE|va_list|ssize_t|off_t|unsigned|typedef|yaml_\w+|EVP_\w+)\b|:\s*\d+\s*;"


def compiles(name, text, command):
    source = scratch / name
    source.write_text(text)
    done = subprocess.run(command + [str(source)], capture_output=True, text=True)
    return count.check(done.returncode == 0, "%s: %s\n%s" % (name, " ".join(command), done.stderr[:2000]))


def check_text(path):
    text = api.code(path)
    for include in re.findall(r"#include\s+(\S+)", text):
        count.check(include in ALLOWED or include.startswith("<svcroute/"), "%s includes %s" % (path.name, include))
    bad = re.search(FORBIDDEN, re.sub(r"#.*", "", text))
    count.check(not bad, "%s uses '%s'" % (path.name, bad and bad.group(0)))
    guard = "SVCROUTE_%s_H" % path.stem.upper()
    count.check("#ifndef " + guard in text, "%s has no include guard %s" % (path.name, guard))


def check_umbrella():
    text = (api.INCLUDE / "svcroute" / "svcroute.h").read_text()
    installed = (api.INCLUDE / "svcroute" / "meson.build").read_text()
    for path in api.headers():
        if path.name != "svcroute.h":
            count.check("<svcroute/%s>" % path.name in text, "svcroute.h does not include " + path.name)
        count.check("'%s'" % path.name in installed, path.name + " is not installed")


def layout(structs):
    """Assertions, in plain C11, that no struct has a byte that no member names."""
    lines = ["#include <svcroute/svcroute.h>"]
    for name, fields in structs.items():
        kind, names = "struct " + name, [field for field, _ in fields]
        for before, after in zip(names, names[1:]):
            lines.append('_Static_assert(offsetof(%s, %s) == offsetof(%s, %s) + sizeof(((%s *)0)->%s), "%s: hole before %s");'
                         % (kind, after, kind, before, kind, before, name, after))
        lines.append('_Static_assert(sizeof(%s) == offsetof(%s, %s) + sizeof(((%s *)0)->%s), "%s: hole at the end");'
                     % (kind, kind, names[-1], kind, names[-1], name))
    return "\n".join(lines) + "\n"


def check_structs():
    for name, fields in api.structs(api.preprocess(["gcc"])).items():
        if name != api.FROZEN_STRUCT:
            first = [declaration for _, declaration in fields[:2]]
            count.check(first == ["uint32_t size", "uint32_t flags"], "struct %s begins with %s" % (name, first))
    # Other machines need no headers of theirs: the three that are included come with the compiler. On 32-bit x86 a
    # uint64_t inside a struct is aligned to 4, on ARM to 8.
    compilers = [["gcc"]] + [["clang", "--target=" + target, "-ffreestanding"] for target in
                             ("x86_64-linux-gnu", "aarch64-linux-gnu", "i686-linux-gnu", "armv7-linux-gnueabihf")]
    for compiler in compilers:
        text = layout(api.structs(api.preprocess(compiler)))
        compiles("layout.c", text, compiler + ["-std=c11", "-fsyntax-only", "-I", str(api.INCLUDE)])


def check_enums():
    for name, enumerators in api.enums().items():
        for enumerator in enumerators:
            count.check(re.match(r"SVCROUTE_\w+\s*=", enumerator), "enum %s: %s has no value" % (name, enumerator))


for header in api.headers():
    check_text(header)
    for compiler, standard, language in COMPILERS:
        if not shutil.which(compiler):
            count.skip("%s: no %s" % (header.name, compiler))
            continue
        # Twice: the include guard is there too.
        compiles("alone_%s.%s" % (header.stem, "c" if language == "c" else "cc"),
                 "#include <svcroute/%s>\n#include <svcroute/%s>\n" % (header.name, header.name),
                 [compiler, "-std=" + standard, "-x", language, "-I", str(api.INCLUDE)] + STRICT)
check_umbrella()
check_structs()
check_enums()
count.close()
