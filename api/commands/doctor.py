"""The command that looks for what is wrong, and says what to do."""

import sys

import click

from api.commands.run import given_settings
from api.doctor.finding import Wrong
from api.doctor.site import Site
from api.doctor.visit import visit_machine, visit_site
from api.origin import origin_as_sent

_WIDTH = 12


def _as_origin(_: click.Context, __: click.Parameter, typed: str | None) -> str | None:
    try:
        return typed and origin_as_sent(typed)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@click.command("doctor")
@click.option("--url", callback=_as_origin, help="Look at this site from outside instead.")
@click.option("--origin", callback=_as_origin, help="And whether pages of this origin can use it.")
def doctor_command(url: str | None, origin: str | None) -> None:
    """Look for what is wrong with this machine and what the server needs, and say what to do.

    With --url it asks a site as a browser does, through its proxy. Nothing is changed. The exit
    status is 1 if anything is wrong.
    """
    if origin and not url:
        raise click.UsageError("--origin goes with --url, the address that its pages ask.")
    wrong = 0
    for subject, finding in (
        visit_site(Site(url, given_settings(), origin)) if url else visit_machine()
    ):
        if isinstance(finding, Wrong):
            wrong += 1
            mark = click.style("WRONG", fg="red")
            click.echo(f"{mark}  {subject:{_WIDTH}}{finding.name}: {finding.said}")
        else:
            click.echo(f"ok     {subject:{_WIDTH}}{finding.said}")
    click.echo({0: "Nothing is wrong.", 1: "One thing is wrong."}.get(wrong, f"{wrong} are wrong."))
    sys.exit(bool(wrong))


COMMANDS = (doctor_command,)
