"""What the invented people in the documentation's pictures say, and what a model answers them."""

import io

import segno

REPLIES = {
    "Which database": """\
Start with **SQLite**, and keep the door open:

- one file, nothing to run, and quick enough for the first ten thousand users
- keep the SQL plain, then PostgreSQL is a change of address later

Move when you need a *second machine that writes*. Until then every hour spent on a cluster is an \
hour not spent on the product.""",
    "backups": """\
Nightly is fine for now:

1. `VACUUM INTO` a file, so that nobody has to stop
2. copy it to another place
3. once a month, **restore it** and look: a backup that was never read is a hope

Shall I write the script?""",
    "loop slow": """\
You ask the database once per row. Ask once for all of them:

```python
orders = {order.id: order for order in fetch(ids)}
for row in rows:
    row.order = orders[row.order_id]
```

For 5,000 rows that is one query instead of 5,000.""",
    "release": """\
Three things are open for Friday:

- the export has no test with umlauts
- the price page still shows the old plan
- nobody has told support

I would ship without the second and not without the third.""",
    "opening hours": "We are there from *9 to 18*, Monday to Friday. Today until 18.",
    "second office": """\
Less than it sounds. Both offices talk to the *same* server, so the database does not notice. \
What changes is the day the line is down: decide now whether people may go on without it.""",
    "server room": "A good place for it, if the door has a lock and the room has a window.",
    "Many thanks": "You're welcome. Write whenever you like.",
    "help me with": """\
With **architecture**: what to build first, what to leave out, and how the parts should talk to \
each other. Some things people ask me:

- *“Which database should we start with?”*
- *“Where does the queue belong?”*
- *“What breaks first when we grow?”*

Tell me what you are building, and who has to live with it.""",
}

# Who writes what, in order; what is answered has an entry above.
TALKS = {
    "Maria": ["Which database should we start with?", "And how often should we make backups?"],
    "Tom": ["/agent yukihiro", "Why is my loop slow? It asks for each order."],
    "Yusuf": ["What is missing for the release on Friday?", "Many thanks 🙏"],
}
STRANGER = ["Hello, who is this?", "I got this number from Tom"]


def _picture() -> bytes:
    out = io.BytesIO()
    segno.make("A server room").save(out, kind="png", scale=8)
    return out.getvalue()


PICTURE = _picture()
