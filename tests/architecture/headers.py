#!/usr/bin/env python3
"""headers.py COMPILER ROOT LIST: compiles each header of LIST alone, without the precompiled header, and fails where one needs another first."""

import concurrent.futures
import os
import pathlib
import subprocess
import sys


def check(compiler, root, header):
    include = header.removeprefix("src/")
    flags = ["-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Wshadow", "-Wconversion", "-Werror", f"-I{root}/src", f"-I{root}"]
    if header.startswith("hsm/"):  # its private headers see PKCS#11
        flags.append("-isystem/usr/include/p11-kit-1")
    run = subprocess.run([compiler, *flags, "-x", "c++", "-"], input=f'#include "{include}"\n', text=True, capture_output=True)
    return header, run.returncode, run.stderr


def main():
    compiler, root, listing = sys.argv[1:]
    headers = pathlib.Path(listing).read_text().split()
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for header, status, errors in pool.map(lambda h: check(compiler, root, h), headers):
            if status != 0:
                failed += 1
                print(f"{header} does not compile alone:\n{errors}")
    print(f"{len(headers)} headers, {failed} do not compile alone")
    sys.exit(1 if failed or not headers else 0)


if __name__ == "__main__":
    main()
