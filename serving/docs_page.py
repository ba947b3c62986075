"""The page on which a person reads and tries an OpenAPI document: all of it from this daemon."""

from __future__ import annotations

import secrets

from serving.answer import Answer

_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<link rel="icon" type="image/png" href="/api/docs/favicon-32x32.png">
<link rel="stylesheet" href="/api/docs/swagger-ui.css"></head>
<body><div id="swagger-ui"></div><script src="/api/docs/swagger-ui-bundle.js"></script>
<script nonce="{nonce}">SwaggerUIBundle({{url: "{document}", dom_id: "#swagger-ui",
 deepLinking: true, persistAuthorization: false}})</script></body></html>
"""
_POLICY = (
    "default-src 'none'; connect-src 'self'; img-src 'self' data:; style-src 'self' "
    "'unsafe-inline'; script-src 'self' 'nonce-{nonce}'; base-uri 'none'; frame-ancestors 'none'"
)


def docs_page(title: str, document: str) -> Answer:
    """Return the page for the document at that path."""
    nonce = secrets.token_urlsafe(16)
    page = _PAGE.format(title=title, document=document, nonce=nonce)
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": _POLICY.format(nonce=nonce),
    }
    return Answer(page.encode(), headers=headers)
