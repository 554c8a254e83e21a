"""The environment script of the image names the services where the platform has them."""

from __future__ import annotations

import pytest

from fixtures.inventory import load
from fixtures.services.catalogue.table import TABLE
from fixtures.services.model import Service


@pytest.mark.parametrize("service", TABLE, ids=lambda service: service.name)
def test_environment_script_names_the_host(service: Service) -> None:
    variables = load().image.environment.variables
    for name, value in service.environment.items():
        place = value.format(host=service.host, port=service.port).removesuffix(":443")
        assert variables[name].startswith(place), f"tools.toml: {name} is {variables[name]!r}, not {place!r}"
