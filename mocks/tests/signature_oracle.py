"""Do our signatures agree with implementations that are not ours, in both directions?

    pip install standardwebhooks
    cargo build -p ringback-mocks --example sign_samples
    python mocks/tests/signature_oracle.py target/debug/examples/sign_samples

Standard Webhooks (Kling) is judged by the package of that name, Vidu's scheme by a few lines of plain
hmac written from the vendor's page. The program prints samples, which are verified here; then samples
are signed here, and the program verifies them. Each side also gets samples that it must reject.

With `-` in place of the program, samples are read from standard input and ours are printed for
`sign_samples --verify`. The exit code is not zero if anything disagrees.
"""

import base64
import hashlib
import hmac
import json
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from email.utils import formatdate
from urllib.parse import urlsplit

from standardwebhooks import Webhook, WebhookVerificationError

SIGNED = "Date;x-request-nonce"


def vidu_signature(key, method, target, headers):
    """Vidu's signature over a request, from the vendor's description."""
    parts = urlsplit(target)
    lines = [method, parts.path or "/", parts.query, "vidu", headers["date"]]
    lines += [f"{name}:{headers[name.lower()]}" for name in headers["x-hmac-signed-headers"].split(";")]
    text = "".join(line + "\n" for line in lines)
    return base64.b64encode(hmac.new(key.encode(), text.encode(), hashlib.sha256).digest()).decode()


def accepts(sample):
    """Whether a receiver with these implementations takes the sample as genuine."""
    if sample["scheme"] == "vidu":
        headers = {name.lower(): value for name, value in sample["headers"].items()}
        wanted = vidu_signature(sample["secret"], sample["method"], sample["target"], headers)
        return hmac.compare_digest(wanted, headers["x-hmac-signature"])
    headers = {f"webhook-{name}": sample[name] for name in ("id", "timestamp", "signature")}
    try:
        # The body is not always JSON: what is judged is the signature.
        Webhook(sample["secret"]).verify(sample["body"], headers, json_parse=False)
    except WebhookVerificationError:
        return False
    return True


def judge(lines):
    """Verifies samples; the number of disagreements."""
    samples = [json.loads(line) for line in lines if line.strip()]
    wrong = 0
    for sample in samples:
        if accepts(sample) != (sample["expect"] == "accept"):
            wrong += 1
            print(f"expected {sample['expect']}: {json.dumps(sample)}", file=sys.stderr)
    for expect in ("accept", "reject"):
        for scheme in ("standard-webhooks", "vidu"):
            if not any(s["expect"] == expect and s["scheme"] == scheme for s in samples):
                wrong += 1
                print(f"no {scheme} sample to {expect}", file=sys.stderr)
    print(f"{len(samples)} samples verified, {wrong} disagreements", file=sys.stderr)
    return wrong


def webhook(secret, body, age=timedelta(0), expect="accept", **changes):
    """A sample that the package signed."""
    sent = datetime.now(tz=timezone.utc) - age
    sample = {
        "scheme": "standard-webhooks",
        "secret": secret,
        "id": "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W",
        "timestamp": str(int(sent.timestamp())),
        "signature": Webhook(secret).sign("msg_2KWPBgLlAfxdpx2AI54pPJ85f4W", sent, body),
        "body": body,
        "expect": expect,
    }
    return sample | changes


def vidu(key, target, expect="accept", **changes):
    """A sample that plain hmac signed."""
    headers = {
        "date": formatdate(usegmt=True),
        "x-request-nonce": "123e4567-e89b-12d3-a456-426614174000",
        "x-hmac-signed-headers": SIGNED,
        "x-hmac-algorithm": "hmac-sha256",
        "x-hmac-access-key": "vidu",
    }
    headers["x-hmac-signature"] = vidu_signature(key, "POST", target, headers)
    sample = {"scheme": "vidu", "secret": key, "method": "POST", "target": target, "headers": headers}
    return sample | {"expect": expect} | changes


def ours():
    """Samples for the program to verify."""
    old, new = "whsec_" + base64.b64encode(b"old secret").decode(), "whsec_" + base64.b64encode(b"new").decode()
    bodies = ['{"id":"1","status":"succeeded"}', '{"prompt":"кот 猫 🐈"}', "", "\x00\x7f\u0080\U0010ffff", "a\r\nb\n"]
    for secret in (old, new):
        for body in bodies:
            sample = webhook(secret, body)
            yield sample
            yield sample | {"expect": "reject", "body": body + " "}
        yield webhook(secret, bodies[0], age=timedelta(minutes=4))
        yield webhook(secret, bodies[0], age=timedelta(minutes=6), expect="reject")
        yield webhook(secret, bodies[0], age=timedelta(minutes=-6), expect="reject")
        yield webhook(secret, bodies[0], expect="reject", id="another")
    both = webhook(old, bodies[0])["signature"] + " " + webhook(new, bodies[0])["signature"]
    yield webhook(old, bodies[0], signature=both)
    yield webhook(new, bodies[0], signature=both)
    yield webhook("whsec_b3RoZXI=", bodies[0], expect="reject", signature=both)
    for key in ("vda_test_secret_0123456789", "vda_ключ"):
        for target in ("/vidu/callback?name=james&age=36", "/", "/a%2Fb?cb=a%2Fb%20c&&x=", "/c?"):
            sample = vidu(key, target)
            yield sample
            yield sample | {"expect": "reject", "target": "/other" + target}
            yield sample | {"expect": "reject", "secret": key + "x"}
            yield sample | {"expect": "reject", "method": "PUT"}
            yield sample | {"expect": "reject", "headers": sample["headers"] | {"x-request-nonce": "another"}}


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    # One lone argument keeps the encoding of the streams out of the question.
    signed = "".join(json.dumps(sample) + "\n" for sample in ours())
    if sys.argv[1] == "-":
        wrong = judge(sys.stdin.buffer.read().decode().split("\n"))
        sys.stdout.write(signed)
        sys.exit(1 if wrong else 0)
    printed = subprocess.run([sys.argv[1]], stdout=subprocess.PIPE, check=True).stdout.decode()
    wrong = judge(printed.split("\n"))
    verified = subprocess.run([sys.argv[1], "--verify"], input=signed.encode(), check=False)
    sys.exit(1 if wrong or verified.returncode else 0)


if __name__ == "__main__":
    main()
