"""A host with releases and tokens, and schemathesis on its `/v1`: see .ci/schemathesis.

    drive.py TAILOR SCHEMATHESIS COMPONENT [EXAMPLES [SEED]]
"""

import hashlib
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
LIMIT = 60.0


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def stamped(component, stamp):
    """The same component with a section that nobody reads, and so another digest."""
    section = b"\x05stamp" + bytes([stamp])
    return component + b"\x00" + bytes([len(section)]) + section


class Host:
    """A host with two releases of `watch`, a preview, and a token for everything."""

    def __init__(self, tailor, folder):
        self.tailor, self.folder = tailor, folder
        port, self.admin = free_port(), free_port()
        self.config = folder / "tailor.toml"
        self.config.write_text(
            f'server.listen = "127.0.0.1:{port}"\nadmin.listen = "127.0.0.1:{self.admin}"\n'
            f'admin.tokens = true\nengine.data-dir = "{folder / "data"}"\nlog.level = "warn"\n'
            "[releases.preview]\n[bff.watch]\nreleases = true\n"
            '[[route]]\nbff = "watch"\npath = "/watch"\n'
        )
        made = self.command("token", "create", "--operator", "--config", self.config)
        self.token = made.stdout.strip()
        self.log = folder / "tailor.log"
        with open(self.log, "wb") as out:
            arguments = [tailor, "serve", "--config", self.config]
            self.process = subprocess.Popen(arguments, stdout=out, stderr=subprocess.STDOUT)
        self.url = f"http://127.0.0.1:{self.admin}"
        self.wait()

    def command(self, *arguments):
        environment = {name: value for name, value in os.environ.items() if "TAILOR" not in name}
        if hasattr(self, "token"):
            environment |= {"TAILOR_URL": self.url, "TAILOR_TOKEN": self.token}
        done = subprocess.run(
            [self.tailor, *arguments],
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
        )
        if done.returncode != 0:
            log = self.log.read_text() if hasattr(self, "log") else ""
            sys.exit(f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}{log}")
        return done

    def wait(self):
        end = time.monotonic() + LIMIT
        while time.monotonic() < end and self.process.poll() is None:
            try:
                urllib.request.urlopen(f"{self.url}/livez", timeout=1).close()
                return
            except OSError:
                time.sleep(0.05)
        sys.exit(f"the host does not answer:\n{self.log.read_text()}")

    def is_well(self):
        """Whether it lives, and takes its token still."""
        request = urllib.request.Request(f"{self.url}/v1/bffs/watch")
        request.add_header("authorization", f"Bearer {self.token}")
        with urllib.request.urlopen(request, timeout=10) as answer:
            return self.process.poll() is None and json.load(answer)["serves"] != "nothing"


def run(tailor, program, component, examples, seed, folder):
    host = Host(tailor, folder)
    try:
        for stamp, more in enumerate([[], [], ["--preview", "pr-1"]]):
            file = folder / f"{stamp}.wasm"
            file.write_bytes(stamped(component, stamp))
            host.command("deploy", "watch", str(file), *more)
        (folder / "schemathesis.toml").write_text((HERE / "schemathesis.toml").read_text())
        report = folder / "report.json"
        arguments = [
            program,
            "--no-color",
            "--config-file",
            str(folder / "schemathesis.toml"),
            "run",
            f"{host.url}/v1/openapi.json",
            "--header",
            f"authorization: Bearer {host.token}",
            "--max-examples",
            examples,
            "--seed",
            seed,
            "--continue-on-failure",
            "--generation-database",
            "none",
            "--report-json-path",
            str(report),
        ]
        # What it prints is long, and is wanted where it has found something.
        log = folder / "schemathesis.log"
        with open(log, "wb") as out:
            ended = subprocess.run(arguments, cwd=folder, stdout=out, stderr=subprocess.STDOUT)
        if not report.exists():
            sys.exit(f"schemathesis: {ended.returncode}\n{log.read_text()}")
        found = json.loads(report.read_text())
        cases, operations = found["test_cases"], found["operations"]
        print(
            f"{cases['generated']} requests to {operations['tested']} of {operations['total']} "
            f"operations in {found['running_time']:.0f} s, seed {found['seed']}: "
            f"{cases['unique_failures']} failures, {len(found['errors'])} errors"
        )
        for failure in found["failures"]:
            named = ", ".join(failure["operations"])
            print(f"{failure['title']} ({failure['type']}), {failure['count']} times: {named}")
        for error in found["errors"]:
            print(f"{error['title']}, {error['count']} times")
        is_well = host.is_well()
        if not is_well:
            print(f"the host is not well:\n{host.log.read_text()}")
        is_good = ended.returncode == 0 and is_well and found["complete"]
        if not is_good or found["failures"] or found["errors"]:
            print(log.read_text()[-20_000:])
            return 1
        return 0
    finally:
        host.process.terminate()
        host.process.wait(LIMIT)


def main():
    tailor, program, component, *more = sys.argv[1:]
    examples, seed = (more + ["10", "1"][len(more) :])[:2]
    content = pathlib.Path(component).read_bytes()
    digest = hashlib.sha256(content).hexdigest()[:7]
    print(f"{component} ({digest}), {examples} examples of each operation")
    tailor = os.path.abspath(tailor)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        sys.exit(run(tailor, os.path.abspath(program), content, examples, seed, folder))


if __name__ == "__main__":
    main()
