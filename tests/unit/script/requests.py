"""Requests of the panels, carried out in a made-up OBS."""

from __future__ import annotations

import pytest

from vb_link import texts
from vb_link.texts import SaidError
from vb_script import panel_requests

ENGLISH = texts.load("en-US")


def run(*request: object) -> str:
    """Carry out a request and return its answer in English."""
    return panel_requests.run("\n".join(map(str, request)), ENGLISH)


def refused(*request: object) -> str:
    """Return the key of the sentence by which a request is refused."""
    with pytest.raises(SaidError) as caught:
        run(*request)
    return caught.value.key
