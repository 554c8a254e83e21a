"""Objects that are applied and removed nowhere."""

from __future__ import annotations

from typing import Any


class FakeObjects:
    """Keeps the names of what is applied and removed."""

    there: list[str]

    def __init__(self, _api: Any) -> None:
        """Nothing is asked."""

    def apply(self, documents: list[dict[str, Any]]) -> None:
        assert all("conformance.run" in one["metadata"]["labels"] for one in documents)
        self.there += [one["metadata"]["name"] for one in documents]

    def remove(self, documents: list[dict[str, Any]]) -> None:
        for one in documents:
            self.there.remove(one["metadata"]["name"])
