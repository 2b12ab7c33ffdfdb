"""Bring a database to the newest schema, and say what it was created as."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.pool import NullPool

from tenure.errors import Misconfigured
from tenure.settings import InstallationKind

_MIGRATIONS = Path(__file__).parent / "migrations"


def migrate(url: str, kind: InstallationKind = InstallationKind.PRODUCTION) -> None:
    """Run every revision that is missing; `url` is libpq's form, of a role that owns the schema.

    An advisory lock lets any number of processes call this at the same time. A new database is created as `kind`.

    Raises:
        Misconfigured: the database was created as the other kind (SF-10).
    """
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"), poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("select pg_advisory_xact_lock(hashtext('tenure.migrate'))"))
        config = Config()
        config.set_main_option("script_location", str(_MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.execute(
            text("insert into installation (kind) values (cast(:kind as installation_kind)) on conflict do nothing"),
            {"kind": kind.value},
        )
        found = connection.execute(text("select kind from installation")).scalar_one()
    engine.dispose()
    if found != kind.value:
        raise Misconfigured(
            f"This database was created as a {found} installation, and is not opened as a {kind.value}."
        )
