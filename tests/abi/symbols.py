#!/usr/bin/env python3
"""Headers, lib/svcroute.map and what the built libraries export say the same: symbols.py BUILD"""
import pathlib
import re
import subprocess
import sys

import api

build = pathlib.Path(sys.argv[1])
count = api.Count()


def nm(*arguments):
    out = subprocess.run(["nm", *arguments], check=True, capture_output=True, text=True).stdout
    return [line.split() for line in out.splitlines() if line.strip() and not line.endswith(":")]


declared = api.functions()
mapped = re.findall(r"\b(svcroute_\w+);", (api.ROOT / "lib" / "svcroute.map").read_text())
exported, nodes = set(), set()
for words in nm("-D", "--defined-only", str(build / "lib" / "libsvcroute.so.0")):
    kind, symbol = words[-2], words[-1]
    name, _, node = symbol.partition("@@")
    if kind == "A":
        nodes.add(name)
        continue
    count.check(node.startswith("SVCROUTE_"), "%s is exported without a node of the map" % symbol)
    count.check(kind == "T", "%s is exported and no function (%s)" % (name, kind))
    exported.add(name)

count.check(len(declared) == len(set(declared)), "a function is declared twice")
count.check(len(mapped) == len(set(mapped)), "the map names a symbol twice")
for name in sorted(set(declared) | set(mapped) | exported):
    count.check(name.startswith("svcroute_"), name + " does not begin with svcroute_")
    count.check(name in declared, name + " is in no header")
    count.check(name in mapped, name + " is not in lib/svcroute.map (tools/update-map)")
    count.check(name in exported, name + " is not exported by the library")

# The static library puts all its global names into the program that links it.
for words in nm("-g", "--defined-only", str(build / "lib" / "libsvcroute.a")):
    name = words[-1]
    count.check(re.match(r"svcr(oute)?_", name), "libsvcroute.a defines " + name)
# A thin archive names its objects instead of holding them: useless once installed.
with open(build / "lib" / "libsvcroute.a", "rb") as archive:
    count.check(archive.read(8) == b"!<arch>\n", "libsvcroute.a is a thin archive")

# Nothing in the library can be written, but for tables of pointers, which the loader relocates and seals.
table = subprocess.run(["objdump", "-t", str(build / "lib" / "libsvcroute.a")], check=True,
                       capture_output=True, text=True).stdout
for section, name in re.findall(r"^[0-9a-f]+ .{6}O (\S+)\t\S+ (?:\.hidden )?(\S+)$", table, flags=re.M):
    count.check(re.match(r"\.rodata|\.data\.rel\.ro", section),
                "libsvcroute.a holds a global that can be written: %s in %s" % (name, section))
count.close()
