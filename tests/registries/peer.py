"""A host that pulls from docker-registry what oras and wkg push: see .ci/registries.

    peer.py TAILOR COMPONENT
"""

import base64
import datetime
import hashlib
import http.server
import ipaddress
import json
import os
import pathlib
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

import oras.client
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

SERVICE = "registry of shop"
ISSUER = "shop"
USERS = {"pusher": ("push me", {"push", "pull"}), "shop-bot": ("pull:me", {"pull"})}
LIMIT = 60.0
INDEX = "application/vnd.oci.image.index.v1+json"
IMAGE = "application/vnd.oci.image.manifest.v1+json"
WASM = "application/wasm"


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Authority:
    """Certificates for 127.0.0.1, and tokens that a registry believes."""

    def __init__(self, folder):
        self.folder = folder
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.certificate = self.sign("authority", self.key, is_authority=True)
        self.write("ca.pem", self.certificate.public_bytes(serialization.Encoding.PEM))
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        signed = self.sign("127.0.0.1", key)
        self.write("server.pem", signed.public_bytes(serialization.Encoding.PEM))
        private = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        self.write("server.key", private)

    def write(self, name, content):
        (self.folder / name).write_bytes(content)

    def sign(self, name, key, is_authority=False):
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        issuer = subject if is_authority else self.certificate.subject
        now = datetime.datetime.now(datetime.timezone.utc)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        )
        if not is_authority:
            address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
            builder = builder.add_extension(x509.SubjectAlternativeName([address]), critical=False)
        return builder.sign(self.key, hashes.SHA256())

    def token(self, subject, access):
        now = int(time.time())
        chain = base64.b64encode(self.certificate.public_bytes(serialization.Encoding.DER))
        header = {"typ": "JWT", "alg": "RS256", "x5c": [chain.decode()]}
        claims = {
            "iss": ISSUER,
            "sub": subject,
            "aud": SERVICE,
            "iat": now,
            "nbf": now - 10,
            "exp": now + 300,
            "jti": str(uuid.uuid4()),
            "access": access,
        }
        parts = [json.dumps(part).encode() for part in (header, claims)]
        text = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)
        signature = self.key.sign(text, padding.PKCS1v15(), hashes.SHA256())
        return (text + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()


def realm(authority):
    """A server for tokens over TLS. Returns its port, and what it was asked."""
    asked = []

    class Realm(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
            login = self.headers.get("authorization", "")
            user, _, password = (
                base64.b64decode(login.removeprefix("Basic ")).decode().partition(":")
            )
            asked.append((user, query.get("scope", [])))
            known, rights = USERS.get(user, (None, set()))
            if known is None or known != password or query.get("service") != [SERVICE]:
                return self.answer(401, {"errors": []})
            access = []
            for scope in query.get("scope", []):
                kind, name, _ = scope.split(":")
                # The client of ORAS asks once, for what it does first, and takes that token for all.
                access.append({"type": kind, "name": name, "actions": sorted(rights)})
            self.answer(200, {"token": authority.token(user, access), "expires_in": 300})

        def answer(self, status, document):
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Realm)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.folder / "server.pem", authority.folder / "server.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1], asked


class Process:
    """A program that ends with this script."""

    all = []

    def __init__(self, arguments, log, cwd=None):
        self.log = log
        with open(log, "wb") as out:
            self.process = subprocess.Popen(
                arguments, stdout=out, stderr=subprocess.STDOUT, cwd=cwd
            )
        Process.all.append(self.process)

    def wait_for(self, port):
        end = time.monotonic() + LIMIT
        while time.monotonic() < end and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        sys.exit(f"{self.process.args[0]} does not listen:\n{self.log.read_text()}")


def registry(folder, name, more):
    """A registry, without or with a login. Returns its port."""
    port = free_port()
    config = folder / f"{name}.yml"
    config.write_text(
        "version: 0.1\nlog: {level: info}\n"
        f"storage: {{filesystem: {{rootdirectory: {folder / name}}}}}\n"
        f"http: {{addr: '127.0.0.1:{port}', {more['http']}}}\n{more['rest']}\n"
    )
    process = Process(["docker-registry", "serve", config], folder / f"{name}.log")
    process.wait_for(port)
    return port


class Wire:
    """Requests to a registry by hand."""

    def __init__(self, url, authority=None, repository=""):
        self.url, self.repository = url, repository
        self.context, self.token = None, None
        if authority:
            self.context = ssl.create_default_context(cafile=authority.folder / "ca.pem")
            scope = {"type": "repository", "name": repository, "actions": ["pull", "push"]}
            self.token = authority.token("pusher", [scope])

    def send(self, method, path, body=None, kind=None):
        url = path if path.startswith("http") else self.url + path
        request = urllib.request.Request(url, data=body, method=method)
        if kind:
            request.add_header("content-type", kind)
        request.add_header("accept", IMAGE)
        if self.token:
            request.add_header("authorization", f"Bearer {self.token}")
        return urllib.request.urlopen(request, context=self.context)

    def blob(self, content):
        begun = self.send("POST", f"/v2/{self.repository}/blobs/uploads/", b"")
        place = begun.headers["location"]
        sign = "&" if "?" in place else "?"
        place += sign + "digest=" + urllib.parse.quote(digest(content))
        self.send("PUT", place, content, "application/octet-stream")
        return {"digest": digest(content), "size": len(content)}

    def manifest(self, document):
        body = json.dumps(document).encode()
        path = f"/v2/{self.repository}/manifests/{digest(body)}"
        self.send("PUT", path, body, document["mediaType"])
        return digest(body)


def push_with_oras(host, repository, tag, component, insecure, login=None, second=None):
    """Pushes as a pipeline would. Returns the digest of the manifest."""
    client = oras.client.OrasClient(hostname=host, insecure=insecure, auth_backend="token")
    if login:
        client.auth.set_basic_auth(*login)
    files = [f"{component}:{WASM}"] + ([f"{second}:text/plain"] if second else [])
    response = client.push(
        target=f"{host}/{repository}:{tag}", files=files, disable_path_validation=True
    )
    return response.headers["docker-content-digest"]


def push_as_wkg(wire, component):
    """The layout of wkg: a configuration of its own, and the component as its one layer."""
    layer = wire.blob(component)
    config = {
        "created": "2026-01-01T00:00:00Z",
        "architecture": "wasm",
        "os": "wasip2",
        "layerDigests": [layer["digest"]],
        "component": {"exports": [], "imports": [], "target": None},
    }
    config = wire.blob(json.dumps(config).encode())
    return wire.manifest(
        {
            "schemaVersion": 2,
            "mediaType": IMAGE,
            "config": {"mediaType": "application/vnd.wasm.config.v0+json", **config},
            "layers": [{"mediaType": WASM, **layer}],
        }
    )


def push_with_wkg(program, wire, host, repository, component):
    """Pushes with the program itself, without a login. Returns the digest of the manifest."""
    target = f"{host}/{repository}:wkg"
    arguments = [program, "oci", "push", "--insecure", host, target, str(component)]
    subprocess.run(arguments, check=True, capture_output=True, timeout=LIMIT)
    return digest(wire.send("GET", f"/v2/{repository}/manifests/wkg").read())


class Host:
    """A host that may pull from both registries."""

    def __init__(self, tailor, folder, sections):
        self.tailor, self.folder = tailor, folder
        port, self.admin = free_port(), free_port()
        config = folder / "tailor.toml"
        config.write_text(
            f'server.listen = "127.0.0.1:{port}"\nadmin.listen = "127.0.0.1:{self.admin}"\n'
            f'engine.data-dir = "{folder / "data"}"\n{sections}\n[bff.watch]\nreleases = true\n'
            '[[route]]\nbff = "watch"\npath = "/watch"\n'
        )
        self.log = folder / "tailor.log"
        Process([tailor, "serve", "--config", config], self.log).wait_for(self.admin)

    def deploy(self, what, reference, code, text):
        environment = dict(os.environ, TAILOR_URL=f"http://127.0.0.1:{self.admin}")
        environment.pop("TAILOR_TOKEN", None)
        began = time.monotonic()
        done = subprocess.run(
            [self.tailor, "deploy", "watch", reference],
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
        )
        said = done.stdout + done.stderr
        if done.returncode != code or text not in said:
            sys.exit(f"{what}: {done.returncode}\n{said}\n{self.log.read_text()}")
        last = said.strip().splitlines()[-1]
        print(f"{what}: {done.returncode}, {time.monotonic() - began:.1f} s: {last}")


def run(tailor, component, folder):
    content = component.read_bytes()
    authority = Authority(folder)
    realm_port, asked = realm(authority)
    login = (
        f"auth: {{token: {{realm: 'https://127.0.0.1:{realm_port}/token', "
        f"service: '{SERVICE}', issuer: {ISSUER}, rootcertbundle: {folder / 'ca.pem'}}}}}"
    )
    tls = f"tls: {{certificate: {folder / 'server.pem'}, key: {folder / 'server.key'}}}"
    plain = registry(folder, "plain", {"http": "debug: {}", "rest": ""})
    guarded = registry(folder, "guarded", {"http": tls, "rest": login})

    secret = folder / "registry.secret"
    user = "shop-bot"
    secret.write_text(f"{user}:{USERS[user][0]}\n")
    secret.chmod(0o600)
    host = Host(
        tailor,
        folder,
        f'[releases.registry.plain]\nhost = "127.0.0.1:{plain}"\nrepositories = ["shop/*"]\n'
        f'plain-http = true\n[releases.registry.guarded]\nhost = "127.0.0.1:{guarded}"\n'
        f'repositories = ["shop/*"]\ncredentials = "{secret}"\nca-file = "{folder / "ca.pem"}"\n'
        f'also = ["127.0.0.1:{realm_port}"]\n',
    )
    os.environ["REQUESTS_CA_BUNDLE"] = str(folder / "ca.pem")

    def reference(port, pushed, repository="shop/watch"):
        return f"oci://127.0.0.1:{port}/{repository}@{pushed}"

    plain_host, guarded_host = f"127.0.0.1:{plain}", f"127.0.0.1:{guarded}"
    pushed = push_with_oras(plain_host, "shop/watch", "v1", component, insecure=True)
    host.deploy("oras, no login", reference(plain, pushed), 0, "is live")
    host.deploy("a tag alone", f"oci://{plain_host}/shop/watch:v1", 1, "has no digest")
    host.deploy("another digest", reference(plain, digest(b"")), 2, "404 at pull")
    host.deploy("another repository", reference(plain, pushed, "other/watch"), 2, "404 at pull")
    second = folder / "second.txt"
    second.write_text("x")
    two = push_with_oras(plain_host, "shop/watch", "two", component, insecure=True, second=second)
    host.deploy("two layers", reference(plain, two), 2, "2 layers: application/wasm, text/plain")
    wire = Wire(f"http://{plain_host}", repository="shop/watch")
    size = len(wire.send("GET", f"/v2/shop/watch/manifests/{pushed}").read())
    entry = {"mediaType": IMAGE, "digest": pushed, "size": size}
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]}
    host.deploy("an index", reference(plain, wire.manifest(index)), 2, pushed)
    host.deploy("wkg's layout", reference(plain, push_as_wkg(wire, content)), 0, "is live")

    program = shutil.which("wkg")
    if program:
        pushed = push_with_wkg(program, wire, plain_host, "shop/watch", component)
        host.deploy("wkg itself", reference(plain, pushed), 0, "is live")
    else:
        print("wkg is not on this machine: its layout was made by hand alone")

    user = "pusher"
    pushed = push_with_oras(
        guarded_host, "shop/watch", "v1", component, insecure=False, login=(user, USERS[user][0])
    )
    asked.clear()
    host.deploy("oras, TLS and tokens", reference(guarded, pushed), 0, "is live")
    if asked != [("shop-bot", ["repository:shop/watch:pull"])]:
        sys.exit(f"the realm was asked for {asked}")
    wire = Wire(f"https://{guarded_host}", authority, "shop/watch")
    pushed = push_as_wkg(wire, content)
    host.deploy("wkg's layout, TLS and tokens", reference(guarded, pushed), 0, "is live")
    secret.write_text("shop-bot:wrong\n")
    host.deploy("a wrong password", reference(guarded, pushed), 2, "(401)")
    secret.write_text("shop-bot:pull:me\n")
    secret.chmod(0o644)
    host.deploy("a secret that all can read", reference(guarded, pushed), 2, "every user")

    log = host.log.read_text()
    told = [text for text in ("pull:me", "cHVsbDpt", "Bearer", "eyJ") if text in log]
    if told or not re.search(r"a component is pulled", log):
        sys.exit(f"the log has {told}:\n{log}")


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    tailor, component = (pathlib.Path(it).resolve() for it in sys.argv[1:])
    folder = pathlib.Path(tempfile.mkdtemp(prefix="registries-"))
    # The client of ORAS keeps logins in the home folder.
    os.environ["HOME"] = str(folder)
    try:
        run(tailor, component, folder)
    finally:
        for process in Process.all:
            process.terminate()
            process.wait()
        shutil.rmtree(folder)


main()
