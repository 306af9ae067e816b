#!/usr/bin/env python3
"""The library against the releases before it: compare.py BUILD

abidiff against each stored dump says nothing at all (exit status 0; additions are allowed in a later release). It does not
see enumerators, since structs and parameters hold numbers: they are compared by their text. And it tells a public header from a
private one by its base name alone (there is a store.h of either kind), so the opaque structs are named to it.
"""
import pathlib
import platform
import re
import subprocess
import sys

import api

build = pathlib.Path(sys.argv[1])
count = api.Count()


def plain(text):
    return re.sub(r"\s+", " ", text)


now = re.search(r"version: '(\d+\.\d+)\.", (api.ROOT / "meson.build").read_text()).group(1)
abi = api.ROOT / "tests" / "abi"
releases = (abi / "frozen" / "releases").read_text().split()

hidden = build / "tests" / "opaque.suppr"
hidden.write_text("[suppress_type]\nname_regexp = ^(svcr_.*|%s)$\n" % "|".join(api.opaque()))
count.check(now in releases, "this release (%s) is not frozen: tests/abi/update-frozen" % now)
for release in releases:
    frozen = abi / "frozen" / release
    dump = abi / ("libsvcroute-%s.abi" % release)
    count.check(dump.exists(), "%s is missing" % dump)
    known, today = set(api.functions(frozen)), set(api.functions())
    count.check(known <= today, "functions of %s are gone: %s" % (release, sorted(known - today)))
    now_enums = api.enums()
    for name, enumerators in api.enums(frozen).items():
        gone = [text for text in map(plain, enumerators) if text not in map(plain, now_enums.get(name, []))]
        count.check(not gone, "enum %s of %s: %s" % (name, release, gone))
    if platform.machine() not in ("x86_64", "AMD64"):
        count.skip("the dump of %s is for x86-64" % release)
        continue
    options = ["--no-added-syms"] if release != now else []
    done = subprocess.run(["abidiff", "--exported-interfaces-only", "--suppressions", str(hidden), "--headers-dir1", str(frozen / "svcroute"),
                           "--headers-dir2", str(api.INCLUDE / "svcroute"), *options,
                           str(dump), str(build / "lib" / "libsvcroute.so.0")], capture_output=True, text=True)
    count.check(done.returncode == 0, "abidiff with %s: exit status %d\n%s" % (release, done.returncode,
                                                                               done.stdout[:4000] + done.stderr[:2000]))
count.close()
