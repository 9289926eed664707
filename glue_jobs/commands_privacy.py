"""What the commands about customers' privacy do."""

from __future__ import annotations

import argparse

import pyarrow as pa

from glue_jobs import forget as eraser
from glue_jobs import rekey as rekeyer
from glue_jobs import route as router
from glue_jobs import show
from glue_jobs.arguments import settings, shown
from glue_jobs.commands import parsers
from glue_jobs.lake import opened
from glue_jobs.publish import forget_customers


def rekey(arguments: argparse.Namespace) -> None:
    """`lake rekey`."""
    with opened(settings(arguments)) as lake:
        done = rekeyer.rekey(lake, parsers(lake), is_dry=arguments.dry_run)
    names = sorted({*done.moved, *done.left})
    rows = [
        {"table": name, "moved": done.moved.get(name, 0), "left": done.left.get(name, 0)}
        for name in names
    ]
    schema = pa.schema([("table", pa.string()), ("moved", pa.int64()), ("left", pa.int64())])
    shown(pa.Table.from_pylist(rows, schema=schema), arguments)
    show.say(
        f"{sum(done.moved.values())} rows {'would go' if arguments.dry_run else 'went'} over to "
        f"the present key; {sum(done.left.values())} are under another and of customers of whom "
        "raw/ holds nothing: without that key they are linked to nobody's later contacts"
    )


def forget(arguments: argparse.Namespace) -> None:
    """`lake forget`."""
    with opened(settings(arguments)) as lake:
        made = parsers(lake)
        who = eraser.customer(arguments.customer, made.tokens)
        if arguments.yes:
            found = eraser.forget(lake, made, who)
            if not lake.settings.is_folder:  # a folder's stand-in is filled from its tables
                with router.dynamodb(lake) as client:
                    forget_customers(client, sorted(who.tokens))
        else:
            found = eraser.told(lake, made, who)
    rows = [
        *({"what": "rows", "where": name, "n": n} for name, n in found.rows.items()),
        *({"what": "received object", "where": key, "n": 1} for key in found.objects),
    ]
    schema = pa.schema([("what", pa.string()), ("where", pa.string()), ("n", pa.int64())])
    shown(pa.Table.from_pylist(rows, schema=schema), arguments)
    show.say(
        "forgotten; what is delivered again will be redacted"
        if arguments.yes
        else "nothing changed yet: add --yes to erase it, older snapshots included"
    )
