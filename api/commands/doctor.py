"""The command that looks for what is wrong, and says what to do."""

import sys

import click

from api.doctor.finding import Wrong
from api.doctor.visit import visit_machine

_WIDTH = 12


@click.command("doctor")
def doctor_command() -> None:
    """Look for what is wrong with this machine and what the server needs, and say what to do.

    Nothing is changed. The exit status is 1 if anything is wrong.
    """
    wrong = 0
    for subject, finding in visit_machine():
        if isinstance(finding, Wrong):
            wrong += 1
            mark = click.style("WRONG", fg="red")
            click.echo(f"{mark}  {subject:{_WIDTH}}{finding.name}: {finding.said}")
        else:
            click.echo(f"ok     {subject:{_WIDTH}}{finding.said}")
    click.echo({0: "Nothing is wrong.", 1: "One thing is wrong."}.get(wrong, f"{wrong} are wrong."))
    sys.exit(bool(wrong))


COMMANDS = (doctor_command,)
