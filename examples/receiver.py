#!/usr/bin/env python3
"""A receiver for the callbacks of Kling, Doubao (Ark), MiniMax and Vidu: Python 3.11, standard library only.

    POST /hooks/{vendor}           callbacks about jobs that somebody else submitted
    POST /hooks/{vendor}/{secret}  callbacks about jobs that we submitted, each at a URL of its own
    POST /jobs                     submits a job at the gateway: {"vendor": …, "model": …, "prompt": …}
    GET  /effects/{id}             how often the work for a job was done, and its last state (for tests; keep it private)

docs/write-a-receiver.md goes through this file question by question; the marked regions are what it quotes.
The environment is the one that `ringback test receiver --exec 'python3 examples/receiver.py'` sets. Everything is kept
in memory, for an example: where a restart must not forget, the comments say what belongs into a database.
"""
import base64
import email.utils
import hmac
import http.client
import io
import json
import os
import queue
import re
import secrets
import signal
import socket
import socketserver
import sys
import threading
import time
import traceback
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from urllib.parse import quote, unquote, urlsplit

PORT = int(os.environ["PORT"])
PUBLIC_URL = os.environ.get("PUBLIC_URL", f"http://127.0.0.1:{PORT}")  # what vendors reach us at; https in real life
GATEWAY = urlsplit(os.environ.get("RINGBACK_GATEWAY_URL", ""))
API_KEY = os.environ.get("RINGBACK_API_KEY", "")

MAX_BODY = 1024 * 1024      # bytes; real callbacks have a few thousand
REQUEST_TIME = 20           # seconds for one whole request, however slowly its bytes come
IDLE_TIME = 120             # seconds; longer than senders keep an idle connection, so that it is them who close it
MAX_CONNECTIONS = 1000      # each has a thread here
MAX_CONFIRMATIONS = 200     # each has a thread too
SUBMIT_TIME, STATUS_TIME = 30, 5  # seconds; MiniMax calls us before the gateway can answer a submit
CLOCK_SKEW = 300            # seconds a signature may be old or early
GIVE_UP = 24 * 3600         # seconds after which a job that never ended needs a human


class Refusal(Exception):
    """An answer other than 2xx. `close` where the rest of the connection cannot be read as requests."""

    def __init__(self, status, message, close=False):
        super().__init__(message)
        self.status, self.close = status, close


# ---- Who says so? ----------------------------------------------------------------------------------------------------

def keys_of(variable, decode):
    """Several secrets with commas between them: while a secret is being rotated, the old one and the new one hold."""
    try:
        return [decode(secret.strip()) for secret in os.environ.get(variable, "").split(",") if secret.strip()]
    except ValueError:
        sys.exit(f"{variable} is not whsec_ followed by base64")  # better no receiver than one that refuses everything


KEYS = {"kling": keys_of("RINGBACK_KLING_SECRET", lambda s: base64.b64decode(s.removeprefix("whsec_"), validate=True)),
        "vidu": keys_of("RINGBACK_VIDU_SECRET", str.encode)}


# guide: compare
def signed_by_any(keys, text, signatures):
    """Compares in constant time: how long a wrong guess takes must not tell how much of it was right."""
    expected = [base64.b64encode(hmac.digest(key, text, "sha256")) for key in keys]
    return any(hmac.compare_digest(right, given.encode("latin-1")) for right in expected for given in signatures)
# end


# guide: kling-signature
def is_signed_by_kling(keys, request):
    """Standard Webhooks: the id, the time and the body, exactly as they came, joined with dots."""
    message_id, sent = request.header("webhook-id"), request.header("webhook-timestamp")
    if not message_id or not re.fullmatch("[0-9]{1,12}", sent) or abs(time.time() - int(sent)) > CLOCK_SKEW:
        return False  # an old recording is no better than a forgery
    offered = request.header("webhook-signature").split(" ")  # two of them during a rotation
    text = f"{message_id}.{sent}.".encode("latin-1") + request.body
    return signed_by_any(keys, text, [part[3:] for part in offered if part.startswith("v1,")])
# end


# guide: vidu-signature
def is_signed_by_vidu(keys, request):
    """The request line and the headers that Vidu lists: not the body, so this vouches for the URL and the time only."""
    date, names = request.header("date"), request.header("x-hmac-signed-headers").split(";")
    if request.header("x-hmac-algorithm") != "hmac-sha256" or request.header("x-hmac-access-key") != "vidu":
        return False  # never let the sender choose how it is checked
    if not all(request.header(name) for name in names) or not is_recent(date):
        return False
    lines = [request.method, request.path or "/", request.query, "vidu", date]  # raw: not sorted, not decoded
    lines += [f"{name}:{request.header(name)}" for name in names]  # spelled and ordered as listed
    text = "".join(line + "\n" for line in lines)  # the last line ends in a newline too
    return signed_by_any(keys, text.encode("latin-1"), [request.header("x-hmac-signature")])
# end


def is_recent(date):
    """Vidu names no window; five minutes are what receivers use, because a recording could carry any body."""
    try:
        return abs(time.time() - email.utils.parsedate_to_datetime(date).timestamp()) <= CLOCK_SKEW
    except (ValueError, OverflowError):
        return False


SIGNATURES = {"kling": is_signed_by_kling, "vidu": is_signed_by_vidu}


# ---- What does it say? -----------------------------------------------------------------------------------------------

RUNNING, SUCCESS, FAILURE = "running", "success", "failure"
# guide: states
# The words of all vendors, of all generations of their APIs, and of the gateway. A word that is not here changes
# nothing: vendors add words, and one that nobody knows must neither end a job nor be answered with an error.
WORDS = {
    RUNNING: ("submitted", "created", "not_started", "pending", "preparing", "queued", "queueing", "processing",
              "running", "in_progress"),
    SUCCESS: ("succeed", "succeeded", "success", "finished", "completed"),
    FAILURE: ("failed", "fail", "failure", "error", "expired", "cancelled", "canceled"),
}
CLASS = {word: kind for kind, words in WORDS.items() for word in words}


def class_of(word):
    return CLASS.get(word.lower()) if isinstance(word, str) else None  # MiniMax writes both `success` and `Success`
# end


# guide: parse
def parse(raw):
    """Strict JSON, or a 400: what two readers could read differently is not acted upon."""
    def unique(pairs):
        if len(members := dict(pairs)) < len(pairs):
            raise ValueError("a key occurs twice")
        return members

    def no_number(text):
        raise ValueError(f"{text} is not a JSON number")  # Python alone would read NaN and Infinity

    try:
        body = json.loads(raw.decode("utf-8"), object_pairs_hook=unique, parse_constant=no_number)
    except ValueError as error:  # invalid UTF-8 is one of these
        raise Refusal(400, f"the body is not JSON: {error}") from error
    except RecursionError as error:  # 100,000 brackets: not a ValueError, and otherwise the end of this thread
        raise Refusal(400, "the body is nested too deeply") from error
    if not isinstance(body, dict):
        raise Refusal(400, "the body must be an object")
    return body
# end


# guide: read-event
def read_event(vendor, body):
    """(id, state) of a callback. Every other field is optional, and new ones are no error."""
    if vendor == "kling":
        legacy = body.get("task_id") is not None  # or API 2.0
        names = ("task_id", "task_status") if legacy else ("id", "status")
    elif vendor == "minimax":
        wrapped = isinstance(body.get("task"), dict)  # API v2
        body, names = (body["task"], ("id", "status")) if wrapped else (body, ("task_id", "status"))
    else:
        names = ("id", "status" if vendor == "doubao" else "state")
    job_id, word = (body.get(name) for name in names)
    if type(job_id) is int:
        job_id = str(job_id)  # exact in Python; many ids have 18 digits, more than a float can hold
    if not isinstance(job_id, str) or not re.fullmatch("[0-9A-Za-z_][!-~]{0,199}", job_id):
        raise Refusal(400, f"{names[0]} must be an id")
    if not isinstance(word, str) or not word:
        raise Refusal(400, f"{names[1]} must be a word")
    return job_id, word
# end


# ---- Jobs ------------------------------------------------------------------------------------------------------------

class Job:
    def __init__(self, vendor):
        self.vendor, self.gateway_id = vendor, None
        self.state, self.count, self.ended = None, 0, threading.Event()


LOCK = threading.Lock()
BY_SECRET, BY_GATEWAY_ID = {}, {}  # jobs that we submitted: the id in their callbacks is the vendor's, and means nothing
BY_VENDOR_ID = {}                  # other jobs, by vendor and id: two vendors may use the same one


# guide: settle
def settle(job, word):
    """Believe that a job is in this state: the one place where callbacks and polls meet, in whatever order they come.

    The work is done once for a job, not once for a callback, an id of a delivery or a pair of id and state: the same
    end may be told by three attempts of a vendor and by a poll. In a database, claiming the job is one statement
    (UPDATE … SET state = … WHERE id = … AND NOT ended), in one transaction with the work or with an order for it.
    """
    kind = class_of(word)
    if kind is None:
        return
    with LOCK:
        if job.ended.is_set():
            return  # an end is final: a late `processing`, a repetition and another ending all change nothing
        job.state = word
        if kind == RUNNING:
            return  # not the end, so the end that follows is no duplicate of this
        job.ended.set()
    do_the_work(job)  # outside the lock; only the one caller that ended the job comes here
# end


def do_the_work(job):
    """What is done once when a job has ended: fetch the result before its URL expires, charge, send a mail."""
    job.count += 1


# ---- Callbacks: acknowledge first, work later ------------------------------------------------------------------------

EVENTS = queue.Queue(maxsize=10_000)  # a real receiver writes them to a table before it answers: 200 is a promise


# guide: receive
def receive(vendor, job, request):
    """One callback: only what is quick and decides the answer. The rest happens after the answer."""
    keys = KEYS.get(vendor)
    if keys and not SIGNATURES[vendor](keys, request):  # before parsing: the signature is over bytes, not over values
        raise Refusal(401, "the signature is missing, wrong or too old")
    body = parse(request.body)
    if vendor == "minimax" and isinstance(body.get("challenge"), str):
        return {"challenge": body["challenge"]}  # nothing to look up: MiniMax asks before any job exists
    job_id, word = read_event(vendor, body)
    try:
        if job or keys:  # only we and the vendor know this URL, or the vendor has signed
            EVENTS.put_nowait((job or job_known_as(vendor, job_id), word))
        else:
            confirm(vendor, job_id, word)
    except queue.Full:
        raise Refusal(503, "too much to do; try again") from None  # honest: whoever was told 200 does not try again
    return {"received": True}
# end


def work():
    while True:
        try:
            settle(*EVENTS.get())
        except Exception:  # one bad event must not end the worker
            traceback.print_exc()


def job_known_as(vendor, job_id):
    with LOCK:
        return BY_VENDOR_ID.setdefault((vendor, job_id), Job(vendor))


# guide: confirm
CONFIRMING = set()


def confirm(*hint):
    """An unsigned callback at a URL that anybody can guess is a hint: ask the gateway, in a thread of its own."""
    vendor, job_id, word = hint
    with LOCK:
        known = BY_VENDOR_ID.get((vendor, job_id))
        if hint in CONFIRMING or known and known.ended.is_set() or class_of(word) is None:
            return  # fifty copies of a hint are one question
        if len(CONFIRMING) >= MAX_CONFIRMATIONS:
            raise queue.Full
        CONFIRMING.add(hint)
    threading.Thread(target=ask_about, args=hint, daemon=True).start()


def ask_about(*hint):
    vendor, job_id, word = hint
    try:
        for pause in 0, 0.25, 0.5, 1, 2, 4, 8, 16, 30:  # the gateway polls the vendor, so it may hear later than we do
            time.sleep(pause)
            status, truth = task_status(job_id)
            if class_of(truth) == class_of(word):
                return settle(job_known_as(vendor, job_id), word)
            if status == 404 or class_of(truth) in (SUCCESS, FAILURE):
                return  # nobody knows such a job, or it ended differently: the callback was not true
    finally:
        with LOCK:
            CONFIRMING.discard(hint)
# end


# ---- The gateway: submit, and poll in case no callback comes ---------------------------------------------------------

def ask(method, path, body=None, timeout=STATUS_TIME):
    """(HTTP status or 0, the `data` of the answer or {}). A plain client: no redirects, no proxies, no second try."""
    if not GATEWAY.hostname:
        return 0, {}  # nobody to ask, so nothing unsigned is ever believed
    connect = http.client.HTTPSConnection if GATEWAY.scheme == "https" else http.client.HTTPConnection
    connection = connect(GATEWAY.hostname, GATEWAY.port, timeout=timeout)
    headers = {"Authorization": f"Bearer {API_KEY}", "Content-Type": "application/json", "Connection": "close"}
    status = 0
    try:
        connection.request(method, GATEWAY.path.rstrip("/") + path, body and json.dumps(body).encode(), headers)
        response = connection.getresponse()
        status = response.status
        data = parse(response.read(MAX_BODY)).get("data")
        return status, data if isinstance(data, dict) else {}
    except (OSError, http.client.HTTPException, Refusal):
        return status, {}
    finally:
        connection.close()


def task_status(task_id):
    status, data = ask("GET", f"/api/generate/status/{quote(task_id, safe='')}")
    return status, data.get("status") if status == 200 else None


# guide: submit
def submit(order):
    """Submit a job with a callback URL that only we, the gateway and the vendor know."""
    vendor, model, prompt = (order.get(name) for name in ("vendor", "model", "prompt"))
    if vendor not in VENDORS or not isinstance(model, str) or not isinstance(prompt, str):
        raise Refusal(400, "vendor, model and prompt are required")
    secret = secrets.token_urlsafe(32)
    job = BY_SECRET[secret] = Job(vendor)  # first: MiniMax's challenge, even a callback, may come before the answer
    metadata = {"callback_url": f"{PUBLIC_URL}/hooks/{vendor}/{secret}"}
    status, data = ask("POST", "/api/generate/submit", timeout=SUBMIT_TIME, body={
        "model": model, "input": {"prompt": prompt, "metadata": metadata}})
    job.gateway_id = data.get("task_id")
    if not 200 <= status < 300 or not isinstance(job.gateway_id, str):
        if 400 <= status < 500:
            del BY_SECRET[secret]  # refused. After any other answer, or none, the job may exist, and be billed:
        raise Refusal(502, f"the gateway did not accept the job (HTTP {status})")  # its callback still finds us
    BY_GATEWAY_ID[job.gateway_id] = job
    threading.Thread(target=poll, args=(job,), daemon=True).start()
    return {"task_id": job.gateway_id}
# end


# guide: poll
def poll(job):
    """Ask until the job has ended, as if there were no callbacks: vendors give up after a few attempts, or after one."""
    born = time.monotonic()
    while (age := time.monotonic() - born) < GIVE_UP:
        if job.ended.wait(min(max(age / 4, 0.25), 10)):  # the longer it takes the less a moment matters
            return  # a callback was quicker
        _, word = task_status(job.gateway_id)  # no answer, an error, an unknown word: ask again later
        settle(job, word)
# end


def effects(job_id):
    jobs = BY_GATEWAY_ID.get(job_id), *(BY_VENDOR_ID.get((vendor, job_id)) for vendor in VENDORS)
    if (job := next(filter(None, jobs), None)) is None:
        raise Refusal(404, "nothing is known of such a job")
    return {"count": job.count, "state": job.state}


# ---- HTTP ------------------------------------------------------------------------------------------------------------

VENDORS = ("kling", "doubao", "minimax", "vidu")


# guide: deadline
class PatientReader(io.RawIOBase):
    """What a connection sends, until a deadline: a time limit for each read alone lets one byte a second pass."""

    def __init__(self, connection):
        self.connection, self.deadline = connection, 0

    def readable(self):
        return True

    def readinto(self, buffer):
        remaining = self.deadline - time.monotonic()
        if remaining <= 0:
            raise TimeoutError
        self.connection.settimeout(remaining)
        return self.connection.recv_into(buffer)
# end


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two writes; the second would wait for the first one's receipt

    def setup(self):
        super().setup()
        self.rfile.close()
        self.clock = PatientReader(self.connection)
        self.rfile = io.BufferedReader(self.clock)

    def handle_one_request(self):
        self.clock.deadline = time.monotonic() + IDLE_TIME
        try:
            begun = self.rfile.peek(1)
        except TimeoutError:
            begun = b""
        self.clock.deadline = time.monotonic() + REQUEST_TIME
        if begun:
            super().handle_one_request()
        else:
            self.close_connection = True

    def __getattr__(self, name):
        if name.startswith("do_"):  # whatever the method: the base class would answer 501 to those it has no `do_` for
            return self.answer
        raise AttributeError(name)

    def answer(self):
        try:
            return self.reply(200, self.route())
        except TimeoutError:
            refusal = Refusal(408, "the request took too long", close=True)
        except Refusal as error:
            refusal = error
        self.refuse(refusal)

    def route(self):
        self.body = self.read_body()  # before anything else: left unread, it would be taken for the next request
        self.method = self.command
        self.path, _, self.query = self.path.partition("?")
        match self.path.split("/")[1:]:
            case ["hooks", vendor] if vendor in VENDORS:
                self.allow("POST")
                return receive(vendor, None, self)
            case ["hooks", vendor, secret] if (job := BY_SECRET.get(secret)) and job.vendor == vendor:
                self.allow("POST")
                return receive(vendor, job, self)
            case ["jobs"]:
                self.allow("POST")
                return submit(parse(self.body))
            case ["effects", job_id]:
                self.allow("GET")
                return effects(unquote(job_id))
        raise Refusal(404, "no such endpoint")

    def allow(self, method):
        if self.method != method:
            raise Refusal(405, f"use {method}")

    def header(self, name):
        return self.headers.get(name, "").strip()  # by any case of its name

    # guide: read-body
    def read_body(self):
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers:
            if self.header("Transfer-Encoding").lower() != "chunked" or "Content-Length" in self.headers:
                raise Refusal(400, "a body has a length or is chunked", close=True)
            return self.read_chunks()
        if not re.fullmatch("[0-9]{1,18}", length):
            raise Refusal(400, "Content-Length must be a number", close=True)
        if int(length) > MAX_BODY:
            raise Refusal(413, f"a body may have {MAX_BODY} bytes", close=True)  # known before a byte of it is read
        if len(body := self.rfile.read(int(length))) < int(length):
            raise Refusal(400, "the body ends early", close=True)
        return body
    # end

    def read_chunks(self):
        """A sender that does not know the length in advance sends pieces; the base class knows nothing of them."""
        body = b""
        while size := re.fullmatch(rb"([0-9A-Fa-f]{1,8})[ \t]*(;.*)?\r\n", self.rfile.readline(1024)):
            if (size := int(size[1], 16)) == 0:
                while self.rfile.readline(1024).strip():
                    pass  # trailers
                return body
            if len(body) + size > MAX_BODY:
                raise Refusal(413, f"a body may have {MAX_BODY} bytes", close=True)
            body += self.rfile.read(size)
            if self.rfile.readline(1024) != b"\r\n":
                break
        raise Refusal(400, "the body is not well chunked", close=True)

    def reply(self, status, payload):
        body = json.dumps(payload).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else body)

    def refuse(self, refusal):
        self.close_connection = self.close_connection or refusal.close
        self.reply(refusal.status, {"error": str(refusal)})
        if refusal.close:  # closing on unread input sends a reset that can overtake the answer: let the sender finish
            self.connection.shutdown(socket.SHUT_WR)
            self.clock.deadline = time.monotonic() + 2
            while self.rfile.read1(65536):
                pass  # ends with the input or in a TimeoutError, for which the base class closes

    def send_error(self, code, message=None, explain=None):
        """The base class calls this for a request it cannot read, and would answer in HTML, or without a status line."""
        self.request_version = "HTTP/1.1"
        status = 400 if code >= 500 else int(code)  # 505 and the like: the sender's fault, whatever the number says
        self.refuse(Refusal(status, message or HTTPStatus(status).phrase, close=True))

    def log_message(self, *_):
        pass  # no line per request, above all none with a URL: it has a job's secret in it


# guide: threads
class Receiver(socketserver.ThreadingTCPServer):
    """A thread for each connection: MiniMax's challenge comes in while `submit` waits in another thread."""
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 1024  # a burst that does not fit waits a second before it tries again

    def verify_request(self, request, client_address):
        return threading.active_count() < MAX_CONNECTIONS  # bounded: one more is closed at once
# end

    def handle_error(self, request, client_address):
        if not isinstance(sys.exception(), OSError):  # a sender that hangs up is no error of ours
            super().handle_error(request, client_address)


if __name__ == "__main__":
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    for _ in range(4):
        threading.Thread(target=work, daemon=True).start()
    Receiver(("127.0.0.1", PORT), Handler).serve_forever()
