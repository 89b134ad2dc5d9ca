"""Where the configuration files are: in a checkout or in an installed wheel."""

from pathlib import Path

from nsca.errors import UserError


def config_directory() -> Path:
    """The folder conf/: beside the package in a checkout, inside it in an installed wheel.

    Raises:
        UserError: neither is there.
    """
    package = Path(__file__).parent
    for candidate in (package.parent / "conf", package / "conf"):
        if (candidate / "train.yaml").is_file():
            return candidate
    raise UserError(
        "the configuration folder conf/ is missing", "install nsca again: it belongs to the package"
    )
