"""The command `emotrace`. It ends with 0, or with 2 and one line: `error: CODE: what is wrong`."""

import argparse
import getpass
import json
import os
import platform
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from emotrace_client import config
from emotrace_client.client import Client
from emotrace_client.errors import EmotraceError
from emotrace_client.models import Analysis

DEFAULT_URL = "http://127.0.0.1:8000"
FORMATS = ("json", "csv", "vtt", "srt", "eaf", "textgrid", "bids", "html")
FIELDS = ("audio", "eeg", "eeg_trial", "eeg_sfreq", "eeg_unit", "title", "model", "purpose", "purpose_note")
ENDINGS = {"textgrid": "TextGrid", "bids": "zip"}


def main(argv: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(argv)
    command: Callable[[argparse.Namespace], None] = options.command
    try:
        command(options)
    except EmotraceError as error:
        return _failed(error.code, error.message)
    except httpx.HTTPError as error:
        return _failed("connection_lost", str(error) or type(error).__name__)
    except OSError as error:
        return _failed("file", f"{error.filename or 'a file'}: {error.strerror or error}")
    except KeyboardInterrupt:
        return _failed("interrupted", "Stopped.")
    return 0


def _failed(code: str, message: str) -> int:
    _clear()
    print(f"error: {code}: {' '.join(message.split())}", file=sys.stderr)
    return 2


def login(options: argparse.Namespace) -> None:
    url = options.url or os.environ.get("EMOTRACE_URL") or DEFAULT_URL
    token = options.token
    if token is None:
        username = options.username or input("User name: ")
        password = getpass.getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
        name = f"emotrace on {platform.node()}"[:100]
        with Client(url, patience_s=0) as client:
            token = client.make_token(username, password, name=name, scopes=["read", "write"])
    with Client(url, token, patience_s=0) as client:
        next(client.recordings(), None)  # whether the token is good for anything
    print(f"Logged in to {url}. The token is kept in {config.write(config.Login(url, token))}")


def upload(options: argparse.Namespace) -> None:
    if len(options.files) > 1 and (options.audio or options.eeg or options.title):
        raise EmotraceError("usage", "--audio, --eeg and --title are for one recording. Send one FILE at a time.")
    if not options.consent:
        raise EmotraceError("consent_missing", "Say --consent if the person in the recording agreed to its being read.")
    done = []
    with _client() as client:
        for file in options.files:
            done.append(_send(client, file, options))
            if not options.json:
                print(_upload_words(file.name, done[-1]))
    if options.json:
        _print_json(done)


def _send(client: Client, file: Path, options: argparse.Namespace) -> dict[str, Any]:
    more = {name: getattr(options, name) for name in FIELDS}
    sent = partial(_show, f"{file.name}: sent")
    recording = client.upload(file, consent=True, progress=sent, **more)
    _clear()
    result: dict[str, Any] = {
        "recording": recording.id,
        "analysis": recording.analysis.id,
        "status": recording.analysis.status,
    }
    if options.wait:
        analysis = client.wait(recording.analysis.id, progress=lambda state: _show(_stage(state), state.progress, 1))
        _clear()
        result |= {"status": analysis.status, "summary": asdict(analysis.summary) if analysis.summary else None}
    return result


def list_(options: argparse.Namespace) -> None:
    with _client() as client:
        recordings = list(client.recordings())
    if options.json:
        _print_json([asdict(recording) for recording in recordings])
        return
    for recording in recordings:
        newest = recording.analyses[0] if recording.analyses else None
        state = f"{newest.id}  {newest.status:9}" if newest else " " * 47
        print(f"{state}  {recording.created_at:%Y-%m-%d %H:%M}  {recording.duration_s:8.1f} s  {recording.title}")


def segments(options: argparse.Namespace) -> None:
    with _client() as client:
        found = list(client.segments(options.id))
    if options.json:
        _print_json([asdict(segment) for segment in found])
        return
    for segment in found:
        print(f"{segment.start_s:10.3f} {segment.end_s:10.3f}  {segment.label:14} {segment.confidence:.2f}")


def download(options: argparse.Namespace) -> None:
    with _client() as client:
        made = client.download(
            options.id,
            options.out or Path(f"{options.id}.mp4"),
            progress=partial(_show, "received"),
        )
    _clear()
    _print_file(made, options)


def export(options: argparse.Namespace) -> None:
    out = options.out or Path(f"{options.id}.{ENDINGS.get(options.format, options.format)}")
    with _client() as client:
        _print_file(client.export(options.id, options.format, out), options)


def _show(words: str, part: float, whole: float) -> None:
    """On a terminal, a line that is written over."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{words} {part / whole if whole else 1:.0%}", end="", file=sys.stderr, flush=True)


def _clear() -> None:
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def _client() -> Client:
    kept = config.read()
    return Client(kept.url, kept.token)


def _stage(state: Analysis) -> str:
    return f"{state.status} ({state.stage})" if state.stage else state.status


def _upload_words(name: str, result: dict[str, Any]) -> str:
    summary = result.get("summary")
    found = f", mostly {summary['label']} ({summary['share'][summary['label']]:.0%})" if summary else ""
    return f"{name}: analysis {result['analysis']} {result['status']}{found}"


def _print_file(made: Path, options: argparse.Namespace) -> None:
    if options.json:
        _print_json({"file": str(made), "bytes": made.stat().st_size})
    else:
        print(made)


def _print_json(data: object) -> None:
    print(
        json.dumps(data, indent=2, default=lambda each: each.isoformat() if isinstance(each, datetime) else str(each))
    )


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> Any:
        raise SystemExit(_failed("usage", f"{message} (see {self.prog} --help)"))


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="emotrace", description="Send recordings to an Emotrace server and read their timelines.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    machine = _Parser(add_help=False)
    machine.add_argument("--json", action="store_true", help="print JSON, for programs")

    def command(name: str, does: Callable[[argparse.Namespace], None], words: str) -> argparse.ArgumentParser:
        one = commands.add_parser(name, help=words, description=words, parents=[machine])
        one.set_defaults(command=does)
        return one

    one = command("login", login, "get a token for name and password, and keep it")
    one.add_argument("--url", help=f"the server (EMOTRACE_URL, or {DEFAULT_URL})")
    one.add_argument("--username")
    one.add_argument("--token", help="keep this token instead of getting one")

    one = command("upload", upload, "send recordings and have them read")
    one.add_argument("files", nargs="+", type=Path, metavar="FILE")
    one.add_argument("--consent", action="store_true", help="the person in the recording agreed to its being read")
    one.add_argument("--wait", action="store_true", help="until each analysis is done")
    one.add_argument("--audio", type=Path, metavar="WAV")
    one.add_argument("--eeg", type=Path, metavar="MAT")
    one.add_argument("--eeg-trial", type=int, metavar="N")
    one.add_argument("--eeg-sfreq", type=float, metavar="HZ")
    one.add_argument("--eeg-unit", choices=("uV", "mV", "V", "nV"))
    one.add_argument("--model", metavar="NAME[@VERSION]")
    one.add_argument("--title")
    one.add_argument("--purpose", help="what it is used for: research, clinical, personal ...")
    one.add_argument("--purpose-note", metavar="WORDS", help="more about it; needed with --purpose other")

    command("list", list_, "recordings with their newest analyses")
    one = command("segments", segments, "the timeline of an analysis")
    one.add_argument("id", metavar="ANALYSIS")
    one = command("download", download, "the labelled video of an analysis")
    one.add_argument("id", metavar="ANALYSIS")
    one.add_argument("--out", type=Path, metavar="FILE")
    one = command("export", export, "the timeline of an analysis as a file for another tool")
    one.add_argument("id", metavar="ANALYSIS")
    one.add_argument("--format", choices=FORMATS, required=True)
    one.add_argument("--out", type=Path, metavar="FILE")
    return parser


if __name__ == "__main__":
    sys.exit(main())
