"""Secrets of a run are found in every form that a report may give them, and nothing else is."""

from __future__ import annotations

import base64
import json
import zipfile
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest

from fixtures import redaction
from fixtures.redaction import MASK, keep, redact, redact_document, redact_file, scan

PHRASE = 'pa55/w+rd "quoted"'


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(PHRASE, id="as it is"),
        pytest.param(quote(PHRASE, safe=""), id="in a URL"),
        pytest.param(urlencode({"password": PHRASE}), id="in a form"),
        pytest.param(json.dumps({"password": PHRASE}), id="in JSON"),
        *(
            pytest.param(base64.b64encode(f"{before}{PHRASE}".encode()).decode(), id=f"base64 after {before!r}")
            for before in ("", "u:", "us:", "user:", "somebody:")
        ),
        pytest.param(base64.urlsafe_b64encode(f"u:{PHRASE}".encode()).decode(), id="base64 of a URL"),
    ],
)
def test_secret_is_masked_in_every_form(text: str) -> None:
    keep(PHRASE)
    masked = redact(f"before {text} after")
    assert MASK in masked
    assert masked.startswith("before ")
    assert not [form for form in redaction.forms(PHRASE) if form in masked]


def test_secret_that_begins_with_another_is_masked_whole() -> None:
    keep("t0ken-of-all")
    keep("t0ken-of-all-and-more")
    assert redact("t0ken-of-all-and-more, t0ken-of-all") == f"{MASK}, {MASK}"


@pytest.mark.parametrize("ascii_alone", [True, False])
def test_secret_with_other_letters_is_masked_in_json(*, ascii_alone: bool) -> None:
    keep("pässwörd-ключ")
    assert redact(json.dumps({"a": "pässwörd-ключ"}, ensure_ascii=ascii_alone)) == f'{{"a": "{MASK}"}}'


def test_large_file_is_scanned_whole(tmp_path: Path) -> None:
    keep("s3cret-word")
    (tmp_path / "trace.log").write_bytes(bytes(1 << 20) + b"s3cret-word")
    assert scan(tmp_path) == ["trace.log"]


def test_other_text_stays() -> None:
    keep(PHRASE)
    keep("abc")
    assert redact("abc, words and d29yZHM=") == "abc, words and d29yZHM="


def test_archive_keeps_its_texts_masked_and_its_pictures_alone(tmp_path: Path) -> None:
    keep("s3cret-word")
    texts = ["trace.trace", "trace.network", "trace.stacks", "a.json", "a.txt", "a.html"]
    pictures, others = ["page.png", "page.jpeg", "page.jpg"], ["font.woff2", "body.dat", "trace"]
    with zipfile.ZipFile(tmp_path / "trace.zip", "w") as archive:
        for name in [*texts, *pictures, *others]:
            archive.writestr(name, b"\xff s3cret-word")
    redact_file(tmp_path / "trace.zip")
    with zipfile.ZipFile(tmp_path / "trace.zip") as archive:
        found = {name: archive.read(name) for name in archive.namelist()}
    assert found == dict.fromkeys(texts, b"\xff ***") | dict.fromkeys(pictures, b"\xff s3cret-word")
    assert [path.name for path in tmp_path.iterdir()] == ["trace.zip"]


def test_documents_are_masked_through_and_through() -> None:
    keep("s3cret-word")
    document = {"a": ["x s3cret-word", 1, None], "s3cret-word": {"b": ("s3cret-word",)}}
    assert redact_document(document) == {"a": [f"x {MASK}", 1, None], MASK: {"b": [MASK]}}


def test_scan_names_the_files_that_hold_a_secret(tmp_path: Path) -> None:
    keep("s3cret-word")
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "a.log").write_bytes(b"\xff" + base64.b64encode(b"user:s3cret-word"))
    (tmp_path / "clean.json").write_text("{}", encoding="utf-8")
    (tmp_path / "workers").mkdir()
    (tmp_path / "workers" / "shared").write_text("s3cret-word", encoding="utf-8")
    assert scan(tmp_path, [tmp_path / "workers"]) == ["logs/a.log"]
    assert scan(tmp_path, [tmp_path / "workers"], since=2**40) == []
