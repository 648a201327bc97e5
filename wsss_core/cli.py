"""The `wsss` command: puts the sub-commands together without importing them, so that `wsss --help` answers at once."""

import importlib

import click

from wsss_core.stages.errors import is_for_users

USER_ERROR_EXIT_CODE = 2
SUBCOMMANDS = {
    "new": "Write a ready, commented configuration for a folder of images.",
    "fetch": "Download public weights and data, or say where to get them.",
    "doctor": "Check configuration, data, weights, packages, disk and device before anything runs.",
    "coco": "Make lists, tags and masks from the instance files of MS-COCO.",
    "sbd": "Make label PNGs and the list train_aug from the MATLAB files of SBD.",
    "masks": "Make label PNGs of masks whose classes are colours, as CVAT exports them.",
    "tags": "Make cls_labels.npy from an instance file, XML annotations or masks.",
    "plan": "Say what would run and why, one line per stage.",
    "run": "Run an experiment, or what is not up to date of it.",
    "status": "Say what runs, what failed and why, and what a killed run left behind.",
    "sanity": "Say whether classifier and CAMs are worth going on with.",
    "predict": "Label images with a trained segmentation network.",
    "export": "Write a stage's label maps, CAMs or affinity labels for other tools.",
    "compare": "Table the mIoU of experiments or of a stage's variants.",
    "view": "Show reports and comparison pages in the browser, on this machine only.",
    "evaluate": "Score a folder of label PNGs against ground truth.",
}
"""Sub-command -> its line in `wsss --help`; each lives in `wsss_core/commands/<name>.py` as a function of its name."""


class LazyGroup(click.Group):
    """A group that imports a sub-command when it is used, and shows user errors as plain text without a traceback."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order in which one uses them."""
        return list(SUBCOMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The sub-command, imported now; None when there is none of that name."""
        if cmd_name not in SUBCOMMANDS:
            return None
        return getattr(importlib.import_module(f"wsss_core.commands.{cmd_name}"), cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of sub-commands, from the table above: importing them all would take seconds."""
        with formatter.section("Commands"):
            formatter.write_dl(list(SUBCOMMANDS.items()))

    def invoke(self, ctx: click.Context) -> object:
        """Run the sub-command; errors of the user's input end with their text and exit code 2."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:  # the reader, such as `head`, has seen enough; click ends quietly
            raise
        except Exception as error:
            if ctx.params["debug"] or not (is_for_users(error) or isinstance(error, ValueError | OSError)):
                raise
            hint = "" if is_for_users(error) else "\n(`wsss --debug ...` shows where this comes from)"
            raise PlainError((str(error) or type(error).__name__) + hint) from error


class PlainError(click.ClickException):
    """A user error, already explained by the text of the exception that it stands for."""

    exit_code = USER_ERROR_EXIT_CODE

    def show(self, file: object = None) -> None:
        """Print the explanation to standard error."""
        click.echo(f"wsss: {self.message}", err=True)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--debug", is_flag=True, help="Show the full Python traceback of an error.")
@click.version_option(package_name="wsss", prog_name="wsss")
def main(debug: bool) -> None:
    """Tagged images in, segmentation out: weakly supervised semantic segmentation as a cached workflow."""
