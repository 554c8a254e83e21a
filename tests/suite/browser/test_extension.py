"""The package of an extension: what `code-server --install-extension` and the extension host look for in it."""

from __future__ import annotations

import io
import json
import zipfile

import pytest

from fixtures.browser.extension import identifier, vsix


@pytest.fixture
def package() -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(vsix("shown", 'a "word"')))


def test_package_has_what_the_editor_reads(package: zipfile.ZipFile) -> None:
    manifest = json.loads(package.read("extension/package.json"))
    assert f"{manifest['publisher']}.{manifest['name']}" == identifier("shown")
    assert f"extension/{manifest['main'].removeprefix('./')}" in package.namelist()
    assert 'Id="shown"' in package.read("extension.vsixmanifest").decode()


def test_word_is_quoted_for_javascript(package: zipfile.ZipFile) -> None:
    assert package.read("extension/main.js").decode().startswith('const WORD = "a \\"word\\"";\n')
