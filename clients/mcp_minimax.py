#!/usr/bin/env python3
"""Drives a running MiniMax mock (v1) with the vendor's own MCP server, and says whether the two agree.

    pip install --no-deps minimax-mcp==0.0.19
    pip install 'mcp>=2,<3' requests python-dotenv fuzzywuzzy
    mcp_minimax.py BASE_URL KEY CONTROL_URL

The mock must know KEY and no other: RINGBACK_MINIMAX_KEY=KEY ringback mock minimax --format json

The functions of its tools are called, not the protocol around them. One line per step; the exit code
is 1 when one fails, 2 when the call is wrong.
"""

import os
import re
import sys
import tempfile
import time
import urllib.request

# The mocks are local; a proxy of the environment is not for them.
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost,::1"

if len(sys.argv) != 4:
    print(__doc__, file=sys.stderr)
    sys.exit(2)
URL, KEY, CONTROL = (text.rstrip("/") for text in sys.argv[1:])
FOLDER = tempfile.mkdtemp()
os.environ.update(
    MINIMAX_API_KEY=KEY, MINIMAX_API_HOST=URL, MINIMAX_API_RESOURCE_MODE="local", MINIMAX_MCP_BASE_PATH=FOLDER
)

from minimax_mcp import server  # noqa: E402

# It looks every 20 seconds; the mock has no need of that.
sleep = time.sleep
time.sleep = lambda seconds: sleep(min(seconds, 0.1))

# A prompt holds one of these words; the course of the mock does not matter then.
RULES = """prompt=mcp-good: succeeded after 100ms+100ms
prompt=mcp-bad: moderated after 100ms
prompt=mcp-storm: refuse moderation
prompt=mcp-poor: refuse balance
prompt=mcp-busy: refuse rate-limit
"""
PICTURE = os.path.join(FOLDER, "boat.png")
TRACE = r".*Trace-Id: [0-9a-f]{32}$"


def made(prompt="mcp-good", **more):
    return server.generate_video(prompt=prompt, output_directory=FOLDER, **more).text


def asked(task):
    return server.query_video_generation(task, FOLDER).text


def says(pattern, text):
    if not re.search(pattern, text):
        raise AssertionError(f"it says {text!r}")
    return text


def saved(text):
    path = says(r"Video saved as: (.+)$", text).rsplit(": ", 1)[1]
    with open(path, "rb") as video:
        assert video.read(8)[4:] == b"ftyp", path


def submitted_and_asked_for():
    task = re.search(r"Task ID: (\d+)", made(async_mode=True))[1]
    for _ in range(100):
        text = asked(task)
        if "still processing" not in text:
            return saved(text)
        sleep(0.05)
    raise AssertionError("it does not end")


def with_a_strange_key():
    fields = server.api_client.session.headers
    known, fields["Authorization"] = fields["Authorization"], "Bearer strange"
    try:
        says(rf"login fail.*check your API key{TRACE}", made())
    finally:
        fields["Authorization"] = known


STEPS = {
    "a film of a text": lambda: saved(made()),
    "an older model": lambda: saved(made(model="T2V-01-Director")),
    "a longer film": lambda: saved(made(model="MiniMax-Hailuo-02", duration=10, resolution="768P")),
    "a film of a picture": lambda: saved(made(model="I2V-01", first_frame_image=PICTURE)),
    "a film that is waited for elsewhere": submitted_and_asked_for,
    "a film that fails": lambda: says(rf"1027-output new_sensitive{TRACE}", made("mcp-bad")),
    "a refused prompt": lambda: says(rf"1026-input new_sensitive{TRACE}", made("mcp-storm")),
    "no balance": lambda: says(rf"1008-insufficient balance{TRACE}", made("mcp-poor")),
    "too many calls": lambda: says(rf"1002-rate limit{TRACE}", made("mcp-busy")),
    "a wrong parameter": lambda: says(rf"2013-invalid params.*{TRACE}", made(model="MiniMax-Hailuo-02", duration=7)),
    "an unknown task": lambda: says(rf"2013-invalid params, invalid task_id{TRACE}", asked("106916112212032")),
    "a strange key": with_a_strange_key,
}


def main():
    with open(PICTURE, "wb") as picture:
        picture.write(b"\x89PNG\r\n\x1a\n")
    urllib.request.urlopen(urllib.request.Request(f"{CONTROL}/rules", RULES.encode(), method="POST"), timeout=10)
    failed = False
    for name, step in STEPS.items():
        try:
            step()
            print(f"ok   {name}")
        except Exception as error:  # a difference may show as anything
            failed = True
            print(f"FAIL {name}: {type(error).__name__}: {error}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
