"""A report's page as a reader's program sees it: its tables, texts and addresses."""

from __future__ import annotations

from html.parser import HTMLParser

Table = list[list[str]]


class Page(HTMLParser):
    """Tables by id, each a list of rows of values to download, heads first; and what is loaded.

    `shown`: text and value of every field whose value is not its text.
    """

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tables: dict[str, Table] = {}
        self.shown: list[tuple[str, str]] = []
        self.scripts = 0
        self.handlers: list[str] = []
        self.addresses: list[str] = []
        self.text = ""
        self._table: Table | None = None
        self._cell: list[str] | None = None
        self._value: str | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.scripts += tag == "script"
        self.handlers += [name for name in given if name.startswith("on")]
        self.addresses += [str(given[name]) for name in ("src", "href") if name in given]
        if tag == "table":
            self._table = self.tables.setdefault(str(given["id"]), [])
        if tag == "tr" and self._table is not None:
            self._table.append([])
        if tag in ("td", "th"):
            self._cell, self._value = [], given.get("data-csv")

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._cell is not None:
            self._cell.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "table":
            self._table = None
        if tag in ("td", "th") and self._cell is not None and self._table is not None:
            text = "".join(self._cell)
            self._table[-1].append(text if self._value is None else self._value)
            self.shown += [] if self._value is None else [(text, self._value)]
            self._cell = None

    def rows(self, name: str) -> list[dict[str, str]]:
        """A table's rows by its heads."""
        heads, *rows = self.tables[name]
        return [dict(zip(heads, row, strict=True)) for row in rows]
