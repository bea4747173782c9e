"""ECR. The registry is MiniStack's own port: Docker takes 127.0.0.0/8 without TLS, and templates keep the real name."""

import os
import re

from ministack.services import ecr

ADDRESS = f"127.0.0.1:{os.environ['GATEWAY_PORT']}"
_REAL = re.compile(r"\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com")

_describe_images = ecr._describe_images
_get_authorization_token = ecr._get_authorization_token


def install():
    ecr._repo_uri = lambda name: f"{ADDRESS}/{name}"
    ecr._get_authorization_token = _token
    ecr._describe_images = _images


def reachable(image):
    """An image's reference where this machine's engine finds it."""
    return _REAL.sub(ADDRESS, image)


def _token(data):
    status, headers, body = _get_authorization_token(data)
    text = body.decode() if isinstance(body, bytes) else body
    return status, headers, _REAL.sub(ADDRESS, text.replace("https://", "http://")).encode()


def _images(data):
    """A missing image is an error, as on AWS: told of an empty list, CDK takes the image for pushed."""
    name = data.get("repositoryName")
    for image in data.get("imageIds") or []:
        if name in ecr._repositories and not ecr._find_image(name, image):
            return ecr.error_response_json("ImageNotFoundException", f"{image} is not in {name}", 400)
    return _describe_images(data)
