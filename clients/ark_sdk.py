#!/usr/bin/env python3
"""Drives a running Ark mock with ByteDance's official SDK, and says whether the two agree.

    pip install volcengine-ark-runtime
    ark_sdk.py BASE_URL KEY CONTROL_URL

BASE_URL is the mock's, with or without `/api/v3`; CONTROL_URL is the control API of the mocks, which
moves tasks and adds rules. Each can come from the environment instead: RINGBACK_DOUBAO_URL,
RINGBACK_DOUBAO_KEY, RINGBACK_CONTROL_URL. The mock must know KEY and no other, and its tasks must
stay where they are until they are moved:

    RINGBACK_DOUBAO_KEY=KEY ringback mock doubao --course stay --format json

One line per step; the exit code is 1 at the first mismatch, 2 when the call is wrong.
"""

import asyncio
import json
import os
import re
import sys
import urllib.request

# The mocks are local; a proxy of the environment is not for them.
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost,::1"

from volcenginesdkarkruntime import Ark, AsyncArk  # noqa: E402
from volcenginesdkarkruntime import _exceptions as errors  # noqa: E402

MODEL = "doubao-seedance-1-0-pro-250528"
TASK_ID = re.compile(r"cgt-\d{14}-[0-9a-z]{5}")
REQUEST_ID = re.compile(r" Request id: (02\d{13}[0-9a-f]{38})$")
WITHIN_S = 10


class Mismatch(Exception):
    """What the mock did is not what the vendor does."""


def settings():
    """Base URL with `/api/v3`, key, control URL."""
    names = ("RINGBACK_DOUBAO_URL", "RINGBACK_DOUBAO_KEY", "RINGBACK_CONTROL_URL")
    given = list(sys.argv[1:4])
    given += [os.environ.get(name, "") for name in names[len(given):]]
    if not all(given):
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    url, key, control = (text.rstrip("/") for text in given)
    return (url if url.endswith("/api/v3") else f"{url}/api/v3"), key, control


def text(prompt):
    return [{"type": "text", "text": prompt}]


def equal(what, got, wanted):
    if got != wanted:
        raise Mismatch(f"{what} is {got!r}, not {wanted!r}")


class Run:
    """The steps, in order; each uses what the ones before left."""

    def __init__(self, url, key, control):
        self.url, self.key, self.control = url, key, control
        # The SDK repeats 409 and 429 by itself; here the first answer counts.
        self.tasks = self.client(key).content_generation.tasks

    def client(self, key, kind=Ark):
        return kind(api_key=key, base_url=self.url, max_retries=0, timeout=WITHIN_S)

    def call(self, method, path, body):
        """Asks the control API."""
        request = urllib.request.Request(self.control + path, data=body.encode(), method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=WITHIN_S) as answer:
            return answer.read()

    def move(self, task, to):
        self.call("POST", f"/tasks/{task}/advance", json.dumps({"to": to}))

    def made(self, **more):
        task = self.tasks.create(model=more.pop("model", MODEL), content=more.pop("content", text("A boat")), **more)
        if not TASK_ID.fullmatch(task.id):
            raise Mismatch(f"the id {task.id!r} has not the vendor's form")
        return task.id

    def refused(self, kind, status, code, call, error_type):
        """The typed error that a call ends in."""
        try:
            call()
        except errors.ArkAPIStatusError as error:
            equal("the class", type(error).__name__, kind)
            equal("the status", error.status_code, status)
            equal("the code", error.code, code)
            equal("the type", error.type, error_type)
            said = REQUEST_ID.search(error.body["message"])
            if not said:
                raise Mismatch(f"no request id ends {error.body['message']!r}") from error
            equal("the header x-request-id", error.response.headers.get("x-request-id"), said[1])
            return error
        raise Mismatch(f"{kind} was expected, but the call succeeded")

    # Steps, named by what they show.

    def create_with_nulls_for_everything_unset(self):
        self.task = self.made()

    def get_a_queued_task(self):
        task = self.tasks.get(task_id=self.task)
        equal("the id", task.id, self.task)
        equal("the state", task.status, "queued")
        equal("the model", task.model, MODEL)
        if task.created_at > 9_999_999_999 or task.updated_at < task.created_at:
            raise Mismatch(f"times are {task.created_at} and {task.updated_at}, not ordered Unix seconds")

    def list_with_filters_and_pages(self):
        others = [self.made() for _ in range(3)]
        page = self.tasks.list(page_num=1, page_size=2, status="queued", task_ids=[self.task, *others])
        equal("the total", page.total, 4)
        equal("the page", [task.id for task in page.items], [others[2], others[1]])
        page = self.tasks.list(page_num=2, page_size=3, task_ids=[self.task, *others])
        equal("the second page", [task.id for task in page.items], [self.task])
        equal("no task", self.tasks.list(model="ep-nobody").total, 0)
        for task in others:
            self.tasks.delete(task_id=task)
        equal("the cancelled", self.tasks.list(status="cancelled", task_ids=others).total, 3)

    def delete_a_running_task_is_a_conflict(self):
        self.move(self.task, "running")
        equal("the state", self.tasks.get(task_id=self.task).status, "running")
        error = self.refused(
            "ArkConflictError", 409, "InvalidAction.RunningTaskDeletion",
            lambda: self.tasks.delete(task_id=self.task), "Conflict",
        )
        wanted = f"Cannot delete task `{self.task}` because it is currently running."
        if not error.body["message"].startswith(wanted):
            raise Mismatch(f"it says {error.body['message']!r}")

    def get_a_succeeded_task_and_its_video(self):
        self.move(self.task, "succeeded")
        task = self.tasks.get(task_id=self.task)
        equal("the state", task.status, "succeeded")
        equal("the length", (task.duration, task.framespersecond, task.frames), (5, 24, None))
        equal("the shape", (task.resolution, task.ratio), ("1080p", "16:9"))
        equal("the tier", (task.service_tier, task.execution_expires_after), ("default", 172_800))
        equal("the bill", task.usage.total_tokens, task.usage.completion_tokens)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(task.content.video_url, timeout=WITHIN_S) as video:
            equal("the video", (video.status, video.headers["content-type"], video.read(8)[4:]),
                  (200, "video/mp4", b"ftyp"))

    def delete_a_succeeded_task_and_it_is_gone(self):
        self.tasks.delete(task_id=self.task)
        self.refused("ArkNotFoundError", 404, "ResourceNotFound",
                     lambda: self.tasks.get(task_id=self.task), "NotFound")

    def delete_a_queued_task_and_it_is_cancelled_once(self):
        task = self.made()
        self.tasks.delete(task_id=task)
        equal("the state", self.tasks.get(task_id=task).status, "cancelled")
        self.refused("ArkPermissionDeniedError", 403, "OperationDenied.UnsupportedPhase",
                     lambda: self.tasks.delete(task_id=task), "Forbidden")

    def get_a_failed_task_with_its_reason(self):
        task = self.made()
        self.move(task, "moderated")
        task = self.tasks.get(task_id=task)
        equal("the state", task.status, "failed")
        equal("the reason", task.error.code, "OutputVideoSensitiveContentDetected")
        equal("the content", task.content, None)

    def create_with_every_parameter(self):
        image = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
        task = self.made(
            model="dreamina-seedance-2-5-260628",
            content=text("A boat") + [{**image, "role": "reference_image"}],
            safety_identifier="user-1", return_last_frame=True, service_tier="default",
            execution_expires_after=3600, priority=9, generate_audio=True, draft=False, camera_fixed=False,
            watermark=True, seed=7, resolution="720p", ratio="9:16", duration=30, output_format="mov",
            omni_reference_task_type="reference", callback_url="",
        )
        self.move(task, "succeeded")
        task = self.tasks.get(task_id=task)
        equal("the echo",
              (task.safety_identifier, task.priority, task.generate_audio, task.seed, task.resolution,
               task.ratio, task.duration, task.output_format, task.execution_expires_after),
              ("user-1", 9, True, 7, "720p", "9:16", 30, "mov", 3600))
        if "-frame." not in task.content.last_frame_url:
            raise Mismatch("there is no last frame")

    def frames_stand_in_for_the_duration(self):
        task = self.made(frames=57)
        self.move(task, "succeeded")
        task = self.tasks.get(task_id=task)
        equal("the length", (task.frames, task.duration), (57, None))

    def a_wrong_parameter_is_a_bad_request(self):
        error = self.refused("ArkBadRequestError", 400, "InvalidParameter",
                             lambda: self.made(priority=10), "BadRequest")
        equal("the parameter", error.param, "priority")
        error = self.refused("ArkBadRequestError", 400, "MissingParameter",
                             lambda: self.made(content=None), "BadRequest")

    def an_unknown_model_is_not_found(self):
        self.refused("ArkNotFoundError", 404, "InvalidEndpointOrModel.NotFound",
                     lambda: self.made(model="doubao-nothing"), "NotFound")

    def a_wrong_key_is_an_authentication_error(self):
        tasks = self.client("ark-00000000-0000-4000-8000-000000000000-00000").content_generation.tasks
        self.refused("ArkAuthenticationError", 401, "AuthenticationError",
                     lambda: tasks.get(task_id=self.task), "Unauthorized")

    def too_many_creates_are_a_rate_limit_error(self):
        rules = "prompt=ark-sdk-rate: refuse rate-limit\nprompt=ark-sdk-quota: refuse quota\n"
        self.call("POST", "/rules", rules)
        self.refused("ArkRateLimitError", 429, "ModelAccountRpmRateLimitExceeded",
                     lambda: self.made(content=text("ark-sdk-rate")), "TooManyRequests")
        self.refused("ArkRateLimitError", 429, "QuotaExceeded",
                     lambda: self.made(content=text("ark-sdk-quota")), "TooManyRequests")

    def a_fault_of_the_service_is_a_server_error(self):
        self.call("POST", "/rules", "prompt=ark-sdk-fault: refuse internal\n")
        self.refused("ArkInternalServerError", 500, "InternalServiceError",
                     lambda: self.made(content=text("ark-sdk-fault")), "InternalServerError")

    def the_asynchronous_client_agrees(self):
        async def all_four():
            tasks = self.client(self.key, AsyncArk).content_generation.tasks
            made = await tasks.create(model=MODEL, content=text("A boat"))
            equal("the state", (await tasks.get(task_id=made.id)).status, "queued")
            equal("the total", (await tasks.list(task_ids=made.id)).total, 1)
            await tasks.delete(task_id=made.id)
            equal("the state", (await tasks.get(task_id=made.id)).status, "cancelled")

        asyncio.run(all_four())


STEPS = [
    Run.create_with_nulls_for_everything_unset,
    Run.get_a_queued_task,
    Run.list_with_filters_and_pages,
    Run.delete_a_running_task_is_a_conflict,
    Run.get_a_succeeded_task_and_its_video,
    Run.delete_a_succeeded_task_and_it_is_gone,
    Run.delete_a_queued_task_and_it_is_cancelled_once,
    Run.get_a_failed_task_with_its_reason,
    Run.create_with_every_parameter,
    Run.frames_stand_in_for_the_duration,
    Run.a_wrong_parameter_is_a_bad_request,
    Run.an_unknown_model_is_not_found,
    Run.a_wrong_key_is_an_authentication_error,
    Run.too_many_creates_are_a_rate_limit_error,
    Run.a_fault_of_the_service_is_a_server_error,
    Run.the_asynchronous_client_agrees,
]


def main():
    run = Run(*settings())
    for step in STEPS:
        name = step.__name__.replace("_", " ")
        try:
            step(run)
        except Exception as error:  # a mismatch may show as anything the SDK raises
            print(f"FAIL {name}: {type(error).__name__}: {error}")
            return 1
        print(f"ok   {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
