"""`wsss view`: reports in the browser, served on the loopback address only."""

import html
from collections.abc import Mapping
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote, unquote

import click

from wsss_core.commands.places import results_folder
from wsss_core.report.template import template_text

LOOPBACK = "127.0.0.1"
PORT = 8000
PAGE_NAMES = "*/*/report.html"


@click.command()
@click.argument("pages", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--port", type=click.IntRange(0, 65535), default=PORT, show_default=True, help="0 takes any that is free."
)
def view(pages: tuple[Path, ...], port: int) -> None:
    """Show PAGES (default: the reports of all experiments) in the browser until Ctrl-C.

    Only this machine can reach them: the server listens on 127.0.0.1.
    """
    served = served_pages(pages)
    with server(served, port) as running:
        click.echo(f"{len(served)} pages at http://{LOOPBACK}:{running.server_port}/ (Ctrl-C ends)")
        try:
            running.serve_forever()
        except KeyboardInterrupt:
            click.echo("ended")


def served_pages(pages: tuple[Path, ...]) -> dict[str, Path]:
    """Name in the address -> file. Raises `FileNotFoundError` when there is none."""
    results = results_folder()
    found = {path.relative_to(results).as_posix(): path for path in sorted(results.glob(PAGE_NAMES))}
    chosen = {path.name: path for path in pages} or found
    if not chosen:
        raise FileNotFoundError(
            f"{results}: expected a report, found none. To do: run an experiment with a stage report."
        )
    return chosen


def server(pages: Mapping[str, Path], port: int) -> ThreadingHTTPServer:
    """A server of exactly these files, bound to the loopback address."""
    return ThreadingHTTPServer((LOOPBACK, port), partial(_Handler, pages))


class _Handler(BaseHTTPRequestHandler):
    """Answers with a page by its name, and with a list of them at the root; with nothing else."""

    def __init__(self, pages: Mapping[str, Path], *rest: object) -> None:
        self.pages = pages
        super().__init__(*rest)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        """The name is looked up, never joined to a path."""
        name = unquote(self.path.partition("?")[0]).lstrip("/")
        if name in self.pages:
            self._send(self.pages[name].read_bytes())
        elif not name:
            self._send(_index(self.pages).encode())
        else:
            self.send_error(404)

    def _send(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet: the terminal shows the address."""


def _index(pages: Mapping[str, Path]) -> str:
    links = "".join(f'<li><a href="/{quote(name)}">{html.escape(name)}</a></li>' for name in pages)
    view = '<meta name="viewport" content="width=device-width, initial-scale=1">'
    head = f'<meta charset="utf-8">{view}<title>wsss</title><style>{template_text("style.css")}</style>'
    body = f'<header><h1>Pages</h1></header><main id="content"><section><ul>{links}</ul></section></main>'
    return f'<!DOCTYPE html><html lang="en"><head>{head}</head><body>{body}</body></html>'
