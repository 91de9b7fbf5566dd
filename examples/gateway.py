#!/usr/bin/env python3
"""A small AI-media gateway, written from the published contract alone: Python 3.11, standard library only.

    POST /api/generate/submit             one job for one vendor, answered with a task id of our own
    GET  /api/generate/status/{task_id}   what the vendor says about that job now, in the gateway's words

Callbacks are the vendor's business: `input.metadata.callback_url` goes upstream exactly as it came, and nothing in this
file ever calls it. The environment is the one that `ringback test gateway --exec 'python3 examples/gateway.py'` sets.
"""
import hmac
import http.client
import json
import math
import os
import re
import secrets
import signal
import socket
import socketserver
import string
import sys
import threading
import time
from fractions import Fraction
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from types import SimpleNamespace
from urllib.parse import quote, urlsplit

SUBMIT, STATUS = "/api/generate/submit", "/api/generate/status/"
MAX_BODY, MAX_ANSWER = 1024 * 1024, 4 * 1024 * 1024
CREATE_TIMEOUT, QUERY_TIMEOUT = 20, 5  # seconds; MiniMax calls the receiver before it answers a create
ERROR_TYPES = {401: "authentication_error", 404: "not_found", 405: "method_not_allowed", 429: "rate_limit_error",
               502: "upstream_error"}


class Refusal(Exception):
    """An error envelope on its way to the client."""

    def __init__(self, status, message, headers=None, close=False):
        super().__init__(message)
        self.status, self.headers, self.close = status, headers or {}, close
        kind = ERROR_TYPES.get(status, "invalid_request_error")
        self.envelope = {"code": status, "error": {"message": message, "type": kind}}


def parse(raw):
    """Strict JSON: Python alone would read NaN and 1e999, and write upstream what no vendor can parse."""
    def finite(text):
        if not math.isfinite(number := float(text)):
            raise ValueError(f"{text} is not a JSON number")
        return number
    return json.loads(raw.decode(), parse_constant=finite, parse_float=finite)


def dig(value, path):
    """What is at `a.b.c`, or None; below a list, the list of what is there in each item."""
    for key in path.split("."):
        if isinstance(value, list):
            value = [dig(item, key) for item in value]
        else:
            value = value.get(key) if isinstance(value, dict) else None
    return value


# ---- vendors: all that is known about their paths, fields and words --------------------------------------------------

class Vendor:
    scheme = "Bearer"
    ok = None            # the error code that means "no error"
    options = ()         # documented fields of a create that metadata may set; whatever else it holds is dropped
    ratios = ("16:9", "9:16", "1:1")
    input_codes = ()     # errors the client can mend
    limit_codes = ()     # errors time mends
    denial_codes = ()    # in HTTP 200: there is no such job
    operator_codes = ()  # errors only the owner of the upstream account can mend, whatever HTTP status they come with

    def __init__(self, name):
        self.name = name
        self.root = urlsplit(os.environ.get(f"RINGBACK_{name.upper()}_URL", ""))
        self.key = os.environ.get(f"RINGBACK_{name.upper()}_KEY", "")

    def ask(self, method, path, body=None, timeout=QUERY_TIMEOUT):
        """(HTTP status or 0, JSON or None). One connection per call: a kept one may die, and no create is sent twice."""
        connect = http.client.HTTPSConnection if self.root.scheme == "https" else http.client.HTTPConnection
        connection = connect(self.root.hostname, self.root.port, timeout=timeout)
        headers = {"Authorization": f"{self.scheme} {self.key}", "Content-Type": "application/json",
                   "Connection": "close"}
        payload = None if body is None else json.dumps(body).encode()
        status = 0
        try:
            connection.request(method, self.root.path.rstrip("/") + path, payload, headers)
            response = connection.getresponse()
            status = response.status
            return status, parse(response.read(MAX_ANSWER))
        except (OSError, http.client.HTTPException, ValueError, RecursionError):
            return status, None
        finally:
            connection.close()

    def submit(self, order, patience):
        """Create one upstream job and return the path that asks about it."""
        path, fields = self.create(order)
        body = {name: order.metadata[name] for name in self.options if order.metadata.get(name) is not None}
        body |= {name: value for name, value in fields.items() if value is not None}  # metadata never overrides these
        if order.callback_url:
            body["callback_url"] = order.callback_url
        status, answer = self.ask("POST", path, body, min(CREATE_TIMEOUT, patience))
        code, job = dig(answer, self.code_at), dig(answer, self.job_at)
        if 200 <= status < 300 and code == self.ok and isinstance(job, str) and job.isascii() and job:
            return self.query.format(path=path, job=quote(job, safe=""))
        blame = self.blame(status, code)
        if blame == 502:  # our account or their outage, so no details; with no answer the job may even exist: no retry
            raise Refusal(502, f"{self.name} did not accept the job")
        reason = self.public(dig(answer, self.message_at), "no reason given")
        raise Refusal(blame, f"{self.name} refused the job: {reason}")

    def blame(self, status, code):
        for verdict, codes in (429, self.limit_codes), (400, self.input_codes), (502, self.operator_codes):
            if code in codes:
                return verdict
        return status if status == 429 or status == 400 and code is not None else 502

    def look(self, path, patience):
        """Ask about a job: (its state, None when the answer does not tell, or "denied"; its file URLs; why it failed)."""
        status, answer = self.ask("GET", path, timeout=min(QUERY_TIMEOUT, patience))
        if status in (400, 404) and isinstance(answer, dict) or dig(answer, self.code_at) in self.denial_codes:
            return "denied", [], None  # our queries are well made, so the vendor does not know the job
        word, reason = self.report(answer)
        state = self.states.get(word) if status == 200 and isinstance(word, str) else None
        if state == "failed":
            return state, [], self.public(reason, f"{self.name} reports the job as {word}")
        if dig(answer, self.code_at) != self.ok:
            return None, [], None
        urls = [url for url in self.files(answer) if url and isinstance(url, str)] if state == "finished" else []
        return (None if state == "finished" and not urls else state), urls, None

    def report(self, answer):
        return dig(answer, self.state_at), dig(answer, self.reason_at)

    def files(self, answer):
        found = dig(answer, self.files_at)
        return found if isinstance(found, list) else [found]

    def public(self, message, otherwise):
        return isinstance(message, str) and message.replace(self.key, "***") or otherwise  # some errors quote the key

    def ratio(self, order):
        """`size` is a ratio or pixels; vendors take a ratio of a fixed list, and a first frame brings its own."""
        sides = re.fullmatch("([1-9][0-9]{0,4})[x:]([1-9][0-9]{0,4})", order.size or "")
        shape = sides and not order.image and Fraction(*map(int, sides.groups()))
        return next((ratio for ratio in self.ratios if shape and Fraction(ratio.replace(":", "/")) == shape), None)


class Kling(Vendor):
    """The legacy dialect: the model in the body, one query path per product."""
    query, ok = "{path}/{job}", 0
    code_at, message_at, job_at = "code", "message", "data.task_id"
    state_at, reason_at, files_at = "data.task_status", "data.task_status_msg", "data.task_result.videos.url"
    states = {"submitted": "not_started", "processing": "running", "succeed": "finished", "failed": "failed"}
    input_codes, limit_codes = (1200, 1201, 1300, 1301), (1302, 1303)
    operator_codes = (1100, 1101, 1102, 1304)  # these are HTTP 429 too, but no waiting pays the operator's bill
    options = ("negative_prompt", "cfg_scale", "mode", "sound", "camera_control", "aspect_ratio", "watermark_info",
               "external_task_id", "image_tail", "static_mask", "dynamic_masks", "voice_list")

    def create(self, order):
        return f"/v1/videos/{'image2video' if order.image else 'text2video'}", {
            "model_name": order.model, "prompt": order.prompt, "image": order.image, "aspect_ratio": self.ratio(order),
            "duration": None if order.seconds is None else str(order.seconds)}


class Doubao(Vendor):
    """Volcengine Ark."""
    query = "{path}/{job}"
    code_at, message_at, job_at = "error.code", "error.message", "id"
    state_at, reason_at, files_at = "status", "error.message", "content.video_url"
    states = {"queued": "not_started", "running": "running", "succeeded": "finished", "failed": "failed",
              "expired": "failed", "cancelled": "failed"}  # ends as well: nobody should poll these for ever
    operator_codes = ("InvalidEndpoint.ClosedEndpoint",)
    ratios = ("16:9", "4:3", "1:1", "3:4", "9:16", "21:9")
    options = ("resolution", "ratio", "frames", "seed", "camera_fixed", "watermark", "output_format", "generate_audio",
               "service_tier", "execution_expires_after", "priority", "safety_identifier")

    def create(self, order):
        frame = {"type": "image_url", "image_url": {"url": order.image}, "role": "first_frame"}
        return "/api/v3/contents/generations/tasks", {
            "model": order.model, "duration": order.seconds, "ratio": self.ratio(order),
            "content": [{"type": "text", "text": order.prompt}, *([frame] if order.image else [])]}


class MiniMax(Vendor):
    """API v1: errors travel inside HTTP 200, and the result's URL is one more call away."""
    query, ok = "/v1/query/video_generation?task_id={job}", 0
    code_at, message_at, job_at = "base_resp.status_code", "base_resp.status_msg", "task_id"
    states = {"Preparing": "not_started", "Queueing": "not_started", "Processing": "running", "Success": "finished",
              "Fail": "failed"}
    input_codes = (1026, 1027, 1042, 2013)  # 2013 is also "your callback URL did not echo my challenge"
    limit_codes = (1002, 1039, 1041, 2045)
    denial_codes = (2013,)
    options = ("prompt_optimizer", "fast_pretreatment", "resolution", "last_frame_image", "aigc_watermark")

    def create(self, order):
        return "/v1/video_generation", {"model": order.model, "prompt": order.prompt, "duration": order.seconds,
                                        "first_frame_image": order.image}

    def report(self, answer):
        code, message = dig(answer, self.code_at), dig(answer, self.message_at)
        moderated = "Fail" if code in (1026, 1027) else None  # a verdict on the job, not trouble with the query
        return dig(answer, "status") or moderated, None if code == self.ok else message

    def files(self, answer):
        file_id = dig(answer, "file_id")  # a string here, an integer in the next answer: never compare the two
        _, answer = self.ask("GET", f"/v1/files/retrieve?file_id={quote(str(file_id), safe='')}")
        return [dig(answer, "file.download_url")] if dig(answer, self.code_at) == self.ok else []


class Vidu(Vendor):
    scheme, query = "Token", "/ent/v2/tasks/{job}/creations"
    code_at, message_at, job_at = "reason", "message", "task_id"
    state_at, reason_at, files_at = "state", "err_code", "creations.url"
    states = {"created": "not_started", "queueing": "not_started", "processing": "running", "success": "finished",
              "failed": "failed"}  # a cancelled job is "failed" with err_code UserCancelled
    operator_codes = ("CreditInsufficient", "ModelUnavailable", "OperationInProcess")  # HTTP 400, yet nobody's input
    options = ("seed", "aspect_ratio", "resolution", "movement_amplitude", "style", "bgm", "audio", "audio_type",
               "voice_id", "is_rec", "off_peak", "watermark", "wm_position", "wm_url", "meta_data", "payload")

    def create(self, order):
        return f"/ent/v2/{'img2video' if order.image else 'text2video'}", {
            "model": order.model, "prompt": order.prompt, "images": [order.image] if order.image else None,
            "duration": order.seconds, "aspect_ratio": self.ratio(order)}


MODELS = {"kling-v1": Kling("kling"), "doubao-seedance-1-0-pro-250528": Doubao("doubao"),
          "MiniMax-Hailuo-02": MiniMax("minimax"), "viduq1": Vidu("vidu")}
MODELS = {model: vendor for model, vendor in MODELS.items() if vendor.root.hostname and vendor.key}


# ---- submit ----------------------------------------------------------------------------------------------------------

def is_text(value):
    return isinstance(value, str)


INPUT = {  # the whole allow-list of `input`: name -> (test, what the test asks for)
    "prompt": (lambda value: is_text(value) and value.strip(), "a string that is not blank"),
    "size": (is_text, "a string"),
    "image": (is_text, "a string"),
    "images": (lambda value: isinstance(value, list) and all(map(is_text, value)), "an array of strings"),
    "duration": (lambda value: type(value) is int and value > 0, "a positive integer"),  # True would be an instance
    "seconds": (lambda value: is_text(value) and re.fullmatch("[0-9]{1,9}", value), "a string of digits"),
    "metadata": (lambda value: isinstance(value, dict), "an object"),
}


def require(condition, message):
    if not condition:
        raise Refusal(400, message)


def read_order(raw):
    """All that can be wrong with a request is found here, before any upstream hears of it."""
    try:
        body = parse(raw)
    except ValueError as error:
        raise Refusal(400, f"the body is not JSON: {error}", close=True) from error
    require(isinstance(body, dict), "the body must be an object")
    require("callback_url" not in body, "callback_url is not permitted here; it belongs in input.metadata.callback_url")
    model, given = body.get("model"), body.get("input")
    require(is_text(model) and model, "model is required and must be a string")
    require(isinstance(given, dict), "input is required and must be an object")
    for name in given:
        require(name in INPUT, f"input.{name} is not permitted; use input.metadata.{name}")
    require("prompt" in given, "input.prompt is required")
    for name, (test, wanted) in INPUT.items():
        require(name not in given or test(given[name]), f"input.{name} must be {wanted}")
    metadata = given.get("metadata", {})
    callback_url = metadata.get("callback_url")
    require(callback_url is None or is_text(callback_url), "input.metadata.callback_url must be a string")
    require(model in MODELS, f"model {model} is not available here")
    seconds = given.get("duration", given.get("seconds"))
    pictures = [picture for picture in (given.get("image"), *given.get("images", [])) if picture]
    return SimpleNamespace(model=model, prompt=given["prompt"], size=given.get("size"), metadata=metadata,
                           image=pictures[0] if pictures else None, callback_url=callback_url,
                           seconds=None if seconds is None else int(seconds))


class Task:
    def __init__(self, client, vendor, query):
        self.client, self.vendor, self.query, self.lock = client, vendor, query, threading.Lock()
        self.id = "task_" + "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(32))
        self.created = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())
        self.state, self.files, self.error_message, self.denials = "not_started", [], None, 0


TASKS = {}  # in memory, for an example: a restart forgets them


def submit(client, raw, patience):
    order = read_order(raw)
    vendor = MODELS[order.model]
    task = Task(client, vendor, vendor.submit(order, patience))
    TASKS[task.id] = task
    return {"task_id": task.id, "status": task.state, "created_time": task.created}


# ---- status ----------------------------------------------------------------------------------------------------------

RANK = {"not_started": 0, "running": 1, "finished": 2, "failed": 2}
PROGRESS = {"not_started": 0, "running": 50, "finished": 100, "failed": 100}


def status(client, task_id, patience):
    task = TASKS.get(task_id)
    if task is None or task.client != client:  # one answer for both, or ids could be probed
        raise Refusal(404, "task not found")
    state, urls, reason = None, [], None
    if RANK[task.state] < RANK["finished"]:
        state, urls, reason = task.vendor.look(task.query, patience)
    with task.lock:  # queries run side by side, so an old answer may come in after a newer one
        task.denials = task.denials + 1 if state == "denied" else 0
        if state == "denied":  # once may be a replica that lags
            state, reason = ("failed", "the vendor no longer knows this job") if task.denials >= 3 else (None, None)
        if state and RANK[state] > RANK[task.state]:
            # By the documentation file_type is "image" for videos too; clients go by the extension of file_url.
            task.files = [{"file_url": url, "file_type": "image"} for url in urls]
            task.state, task.error_message = state, reason
        data = {"task_id": task.id, "status": task.state, "progress": PROGRESS[task.state],
                "created_time": task.created, "error_message": task.error_message}
        return data | ({"files": task.files} if task.files else {})


# ---- HTTP ------------------------------------------------------------------------------------------------------------

CLIENTS = [key for key in (os.environ["RINGBACK_API_KEY"], os.environ.get("RINGBACK_OTHER_API_KEY")) if key]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 120  # seconds; longer than clients keep an idle connection, so that it is them who close it

    def answer(self):
        try:
            return self.reply(200, {"code": 200, "data": self.route()})
        except Refusal as error:
            refusal = error
        except RecursionError:
            refusal = Refusal(400, "the body is nested too deeply")
        self.refuse(refusal)

    do_GET = do_POST = do_HEAD = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer

    def route(self):
        raw = self.read_body()  # before anything else: left unread, it would be taken for the next request
        path = self.path.partition("?")[0]
        method = "POST" if path == SUBMIT else "GET" if path.startswith(STATUS) else None
        if method is None:
            raise Refusal(404, "no such endpoint")
        if self.command != method:
            raise Refusal(405, f"use {method}", {"Allow": method})
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        client = next((key for key in CLIENTS if hmac.compare_digest(key.encode(), token.strip().encode())), None)
        if client is None or scheme.lower() != "bearer":
            raise Refusal(401, "a valid bearer token is required", {"WWW-Authenticate": "Bearer"})
        wait = re.fullmatch("wait=([0-9]{1,4})", self.headers.get("Prefer", ""))  # RFC 7240: how long the caller would wait
        patience = int(wait[1]) if wait else CREATE_TIMEOUT
        return submit(client, raw, patience) if path == SUBMIT else status(client, path.removeprefix(STATUS), patience)

    def read_body(self):
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not re.fullmatch("[0-9]{1,18}", length):
            raise Refusal(411, "a body needs a Content-Length", close=True)
        if int(length) > MAX_BODY:
            raise Refusal(413, f"a body may have {MAX_BODY} bytes", close=True)
        return self.rfile.read(int(length))

    def reply(self, status, payload, headers=None):
        body = json.dumps(payload).encode()
        headers = {"Content-Type": "application/json", "Content-Length": len(body), "Date": self.date_time_string(),
                   "Connection": "close" if self.close_connection else "keep-alive"} | (headers or {})
        head = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in headers.items()) + "\r\n"
        self.wfile.write(head.encode() + (b"" if self.command == "HEAD" else body))  # one write: two could wait 40 ms

    def refuse(self, refusal):
        self.close_connection = self.close_connection or refusal.close
        self.reply(refusal.status, refusal.envelope, refusal.headers)
        if refusal.close:  # closing on unread input sends a reset that can overtake the answer: let the client finish
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(1)
            deadline = time.monotonic() + 2
            while time.monotonic() < deadline and self.rfile.read1(65536):
                pass

    def send_error(self, code, message=None, explain=None):
        """The base class calls this for a request it cannot read, and would answer in HTML."""
        self.refuse(Refusal(int(code), message or HTTPStatus(code).phrase, close=True))

    def log_message(self, *_):
        pass  # no line per request


class Gateway(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 1024  # a burst that does not fit waits a second before it tries again

    def handle_error(self, request, client_address):
        if not isinstance(sys.exception(), OSError):  # a client that hangs up is no error of ours
            super().handle_error(request, client_address)


if __name__ == "__main__":
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    Gateway(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
