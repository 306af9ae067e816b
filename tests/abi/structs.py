#!/usr/bin/env python3
"""Every public struct that carries its size has a row in structs.c; then the programs of this folder run: structs.py BUILD"""
import pathlib
import re
import subprocess
import sys

import api

build = pathlib.Path(sys.argv[1]) / "tests" / "abi"
count = api.Count()

rows = (api.ROOT / "tests" / "abi" / "structs.c").read_text()
for name in api.structs(api.preprocess(["gcc"])):
    short = name[len("svcroute_"):]
    if name != api.FROZEN_STRUCT:
        count.check(re.search(r'OUTPUT\(%s\)|check_input\("%s"' % (short, short), rows),
                    "tests/abi/structs.c has no row for struct " + name)

releases = (api.ROOT / "tests" / "abi" / "frozen" / "releases").read_text().split()
for program in [name + suffix for name in ("abi_client", "abi_structs")
                for suffix in [""] + ["_" + release for release in releases]]:
    done = subprocess.run([str(build / program)], capture_output=True, text=True)
    closing = re.search(r"^(\d+) passed, (\d+) failed\n\Z", done.stdout, flags=re.M)
    if count.check(closing, "%s: exit status %d\n%s%s" % (program, done.returncode, done.stdout[-2000:], done.stderr[-2000:])):
        count.passed += int(closing.group(1))
        count.failed += int(closing.group(2))
        print(program + ":\n" + done.stdout if done.returncode else program + ": " + done.stdout.strip())
count.close()
