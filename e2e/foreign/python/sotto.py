"""Starts the real server (SOTTO_BIN), or speaks to the one at SOTTO_URL, and speaks to it by requests and python-socketio."""

import base64
import json
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import uuid

import requests
import socketio

PASSWORD = "correct horse battery staple"
DEVICE = {"name": "test bench", "platform": "python"}


def uuid7():
    """A UUIDv7, as a client makes it."""
    value = (time.time_ns() // 1_000_000 << 80) | secrets.randbits(80)
    value = value & ~(0xF << 76) | (0x7 << 76)
    value = value & ~(0x3 << 62) | (0x2 << 62)
    return str(uuid.UUID(int=value))


def text(words):
    return sealed({"type": "text", "text": words})


def sealed(content):
    """Sealed by a scheme of the tests' own: what is inside is nobody's business but theirs."""
    ciphertext = base64.b64encode(json.dumps(content).encode()).decode()
    return {"kind": "sealed", "scheme": "foreign", "ciphertext": ciphertext}


def until(what, condition, limit=10.0):
    """Waits for a condition, and says what it waited for where it never comes."""
    end = time.monotonic() + limit
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise TimeoutError(f"waited {limit} s in vain: {what}")
        time.sleep(0.01)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A server to test against."""

    def __init__(self):
        self.child = None
        self.url = os.environ.get("SOTTO_URL")
        if self.url:
            return
        self.folder = tempfile.mkdtemp(prefix="sotto-foreign-")
        address = f"127.0.0.1:{free_port()}"
        self.url = f"http://{address}"
        settings = {
            "SOTTO_LISTEN": address,
            "SOTTO_METRICS_LISTEN": f"127.0.0.1:{free_port()}",
            "SOTTO_DATA_DIR": os.path.join(self.folder, "data"),
            "SOTTO_RATE_LIMITS": "off",
        }
        with open(os.path.join(self.folder, "server.log"), "ab") as log:
            command = [os.environ["SOTTO_BIN"], "serve", "--role", "all"]
            # What the caller has set for a server of their own is not for this one.
            inherited = {name: value for name, value in os.environ.items() if not name.startswith("SOTTO_")}
            self.child = subprocess.Popen(command, env={**inherited, **settings}, stdout=log, stderr=log)
        until(f"{self.url}/readyz", self.is_ready, 30)

    def is_ready(self):
        if self.child.poll() is not None:
            raise RuntimeError(f"the server ended at its start with {self.child.returncode}")
        try:
            return requests.get(f"{self.url}/readyz", timeout=2).ok
        except requests.ConnectionError:
            return False

    def stop(self):
        if self.child is None:
            return 0
        self.child.terminate()
        try:
            return self.child.wait(60)
        finally:
            self.child.kill()
            shutil.rmtree(self.folder, ignore_errors=True)


class Person:
    """A person with one device."""

    def __init__(self, server, signed_in):
        self.server = server
        self.id = signed_in["user"]["id"]
        self.username = signed_in["user"]["username"]
        self.device_id = signed_in["device"]["id"]
        self.token = signed_in["access_token"]
        self.refresh_token = signed_in["refresh_token"]
        self.http = requests.Session()
        self.http.headers["Authorization"] = f"Bearer {self.token}"

    @classmethod
    def register(cls, server):
        username = f"py{secrets.token_hex(6)}"
        body = {"username": username, "password": PASSWORD, "device": DEVICE}
        answer = requests.post(f"{server.url}/api/v1/auth/register", json=body, timeout=30)
        assert answer.status_code == 201, answer.text
        return cls(server, answer.json())

    def another(self):
        """The same person on one more device."""
        body = {"username": self.username, "password": PASSWORD, "device": DEVICE}
        answer = requests.post(f"{self.server.url}/api/v1/auth/login", json=body, timeout=30)
        assert answer.status_code == 200, answer.text
        return Person(self.server, answer.json())

    def call(self, method, path, body=None):
        return self.http.request(method, f"{self.server.url}/api/v1{path}", json=body, timeout=30)

    def converse(self, other):
        answer = self.call("POST", "/conversations", {"kind": "direct", "user_id": other.id})
        assert answer.status_code in (200, 201), answer.text
        return answer.json()["id"]

    def history(self, conversation):
        answer = self.call("GET", f"/conversations/{conversation}/messages?limit=200")
        assert answer.status_code == 200, answer.text
        return answer.json()["messages"]

    def logged(self, conversation, message_id):
        """The entry with this id, once it is in the log."""
        found = lambda: next((entry for entry in self.history(conversation) if entry["id"] == message_id), None)
        return until(f"{message_id} in the log", found)

    def say(self, conversation, words, **more):
        body = {"id": uuid7(), "envelope": text(words), **more}
        answer = self.call("POST", f"/conversations/{conversation}/messages", body)
        assert answer.status_code == 202, answer.text
        return self.logged(conversation, body["id"])

    def connect(self, **options):
        return Ear(self, **options)


class Ear:
    """A connected socket that keeps everything it hears."""

    def __init__(self, person, transports=("websocket",), auth=None):
        self.events = []
        self.lock = threading.Lock()
        self.client = socketio.Client(reconnection=False)
        self.client.on("*", self.keep)
        auth = {"token": person.token} if auth is None else auth
        self.client.connect(person.server.url, auth=auth, transports=list(transports), wait_timeout=10)

    def keep(self, name, *data):
        with self.lock:
            self.events.append((name, data[0] if data else None))

    def heard(self, name, fits=lambda data: True, limit=10.0):
        """The first event that fits, heard already or yet to come."""

        def find():
            with self.lock:
                return next((data for found, data in self.events if found == name and fits(data)), None)

        return until(f"event {name}", find, limit)

    def ask(self, name, payload):
        return self.client.call(name, payload, timeout=10)

    def close(self):
        self.client.disconnect()
