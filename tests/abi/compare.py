#!/usr/bin/env python3
"""The library against the releases before it: compare.py BUILD

abidiff against each stored dump says nothing at all (exit status 0; additions are allowed in a later release), and the
frozen headers compile beside today's.
"""
import pathlib
import platform
import re
import subprocess
import sys

import api

build = pathlib.Path(sys.argv[1])
count = api.Count()
now = re.search(r"version: '(\d+\.\d+)\.", (api.ROOT / "meson.build").read_text()).group(1)
abi = api.ROOT / "tests" / "abi"
releases = (abi / "frozen" / "releases").read_text().split()

count.check(now in releases, "this release (%s) is not frozen: tests/abi/update-frozen" % now)
for release in releases:
    frozen = abi / "frozen" / release
    dump = abi / ("libsvcroute-%s.abi" % release)
    count.check(dump.exists(), "%s is missing" % dump)
    known, today = set(api.functions(frozen)), set(api.functions())
    count.check(known <= today, "functions of %s are gone: %s" % (release, sorted(known - today)))
    if platform.machine() not in ("x86_64", "AMD64"):
        count.skip("the dump of %s is for x86-64" % release)
        continue
    options = ["--no-added-syms"] if release != now else []
    done = subprocess.run(["abidiff", "--headers-dir1", str(frozen / "svcroute"),
                           "--headers-dir2", str(api.INCLUDE / "svcroute"), *options,
                           str(dump), str(build / "lib" / "libsvcroute.so.0")], capture_output=True, text=True)
    count.check(done.returncode == 0, "abidiff with %s: exit status %d\n%s" % (release, done.returncode,
                                                                               done.stdout[:4000] + done.stderr[:2000]))
count.close()
