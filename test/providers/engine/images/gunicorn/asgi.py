"""The answers of app.py for uvicorn."""

import asyncio

from app import delay_seconds, respond


async def answer(scope, receive, send):
    """The ASGI application."""
    body_bytes, more = 0, True
    while more:
        message = await receive()
        body_bytes += len(message.get("body", b""))
        more = message.get("more_body", False)
    query = scope["query_string"].decode()
    await asyncio.sleep(delay_seconds(query))
    uri = scope["raw_path"].decode() + (f"?{query}" if query else "")
    asked = dict(scope["headers"])
    proto = asked.get(b"x-forwarded-proto", b"").decode()
    status, headers, payload = respond(scope["method"], uri, proto, body_bytes)
    head = [(name.lower().encode(), value.encode()) for name, value in headers]
    await send({"type": "http.response.start", "status": int(status[:3]), "headers": head})
    await send({"type": "http.response.body", "body": payload})
