#!/usr/bin/env python3
"""Drives a running Vidu mock with the vendor's own MCP server, and says whether the two agree.

    pip install --ignore-requires-python --no-deps vidu-mcp==0.1.2
    pip install 'mcp<2' requests python-dotenv
    mcp_vidu.py BASE_URL KEY CONTROL_URL

(It asks for Python 3.12 and needs 3.10.) BASE_URL has no path. The mock must know KEY and no other:
RINGBACK_VIDU_KEY=KEY ringback mock vidu --format json

The functions of its tools are called, not the protocol around them. One line per step; the exit code
is 1 when one fails, 2 when the call is wrong.
"""

import json
import logging
import os
import re
import sys
import time
import urllib.request

# The mocks are local; a proxy of the environment is not for them.
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost,::1"

if len(sys.argv) != 4:
    print(__doc__, file=sys.stderr)
    sys.exit(2)
URL, KEY, CONTROL = (text.rstrip("/") for text in sys.argv[1:])
os.environ.update(VIDU_API_KEY=KEY, VIDU_API_HOST=URL)

from vidu_mcp import server  # noqa: E402

logging.disable()

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
PICTURE = "https://images.example.com/boat.png"
TWO = [PICTURE, PICTURE]


def plays(text):
    try:
        made = json.loads(text)
    except ValueError:
        raise AssertionError(f"it says {text!r}") from None
    assert re.fullmatch(r"\d{18}", made["task_id"]), made
    with urllib.request.urlopen(made["video_url"], timeout=10) as video:
        assert video.read(8)[4:] == b"ftyp", made


def says(pattern, text):
    assert re.search(pattern, text), f"it says {text!r}"


def with_a_strange_key():
    fields = server.api_client.session.headers
    known, fields["Authorization"] = fields["Authorization"], "Token strange"
    try:
        says("401", text("mcp-good"))
    finally:
        fields["Authorization"] = known


def text(prompt="mcp-good", **more):
    return server.generate_text_to_video(prompt=prompt, **more)


def picture(**more):
    return server.generate_img_to_video(image=PICTURE, prompt="mcp-good", **more)


def references(**more):
    return server.generate_reference2video_to_video(images=TWO, prompt="mcp-good", **more)


def frames(**more):
    return server.generate_startend2video_to_video(images=TWO, prompt="mcp-good", **more)


def template(**more):
    return server.generate_template_to_video(template="hugging", images=[PICTURE], prompt="mcp-good", **more)


STEPS = {
    "a film of a text": lambda: plays(text()),
    "a film of a text with its options": lambda: plays(text(
        model="vidu1.5", duration=4, resolution="720p", style="anime", seed=3, movement_amplitude="small", bgm=True)),
    "a longer film": lambda: plays(text(model="vidu1.5", duration=8, resolution="720p", aspect_ratio="9:16")),
    "a film of a picture": lambda: plays(picture()),
    "a film of references": lambda: plays(references()),
    "a longer film of references": lambda: plays(references(model="vidu1.5", duration=8)),
    "a film between two pictures": lambda: plays(frames()),
    "a film between two pictures by an older model": lambda: plays(frames(model="viduq1-classic")),
    "a film of a template": lambda: plays(template()),
    "a film of a template with its options": lambda: plays(template(aspect_ratio="9:16", seed=3)),
    "a film that fails": lambda: says("Video generation failed", text("mcp-bad")),
    "a refused prompt": lambda: says("400", text("mcp-storm")),
    "no balance": lambda: says("400", text("mcp-poor")),
    "too many calls": lambda: says("429", text("mcp-busy")),
    "a wrong parameter": lambda: says("400", text(duration=7)),
    "an unknown task": lambda: says("404", server.query_video("812841849562607616")),
    "a strange key": with_a_strange_key,
}


def main():
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
